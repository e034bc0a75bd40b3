"""boto3: answers, times and typed errors by the models of botocore."""
import datetime
import sys

import boto3
from botocore.config import Config

url, pool, client = sys.argv[1:]
cognito = boto3.client("cognito-idp", endpoint_url=url, config=Config(retries={"total_max_attempts": 1}))
name, password = "boto@example.com", "Correct-Horse-9"

made = cognito.create_user_pool(PoolName="by boto3")["UserPool"]
assert isinstance(made["CreationDate"], datetime.datetime), made
cognito.delete_user_pool(UserPoolId=made["Id"])

cognito.sign_up(ClientId=client, Username=name, Password=password)
try:
    cognito.sign_up(ClientId=client, Username=name, Password=password)
    sys.exit("a taken name was accepted")
except cognito.exceptions.UsernameExistsException as err:
    assert err.response["ResponseMetadata"]["HTTPStatusCode"] == 400, err.response
cognito.admin_confirm_sign_up(UserPoolId=pool, Username=name)

tokens = cognito.initiate_auth(
    ClientId=client, AuthFlow="USER_PASSWORD_AUTH", AuthParameters={"USERNAME": name, "PASSWORD": password}
)["AuthenticationResult"]
assert cognito.get_user(AccessToken=tokens["AccessToken"])["UserAttributes"]
cognito.global_sign_out(AccessToken=tokens["AccessToken"])
try:
    cognito.get_user(AccessToken=tokens["AccessToken"])
    sys.exit("a token lives after the global sign-out")
except cognito.exceptions.NotAuthorizedException:
    pass

names = [f"boto-{i}@example.com" for i in range(5)]
for n in names:
    user = cognito.admin_create_user(
        UserPoolId=pool, Username=n, MessageAction="SUPPRESS", UserAttributes=[{"Name": "email", "Value": n}]
    )["User"]
    assert isinstance(user["UserCreateDate"], datetime.datetime), user
pages = cognito.get_paginator("list_users").paginate(UserPoolId=pool, Filter='email ^= "boto-"', PaginationConfig={"PageSize": 2})
seen = sorted(a["Value"] for page in pages for u in page["Users"] for a in u["Attributes"] if a["Name"] == "email")
assert seen == names, seen
