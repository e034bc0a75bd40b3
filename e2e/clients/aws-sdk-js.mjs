// AWS's SDK for JavaScript: typed errors and answers, administration, a pool from its making to its end.
import {
  CognitoIdentityProviderClient, InvalidPasswordException, NotAuthorizedException, ResourceNotFoundException, UsernameExistsException,
  UserNotFoundException,
  AdminConfirmSignUpCommand, AdminCreateUserCommand, AdminDeleteUserCommand, AdminGetUserCommand, AdminInitiateAuthCommand,
  AdminSetUserPasswordCommand, AdminUserGlobalSignOutCommand, CreateUserPoolClientCommand, CreateUserPoolCommand, DeleteUserPoolCommand,
  DescribeUserPoolCommand, GetTokensFromRefreshTokenCommand, GetUserCommand, RevokeTokenCommand, SignUpCommand, paginateListUsers,
} from '@aws-sdk/client-cognito-identity-provider';
import { settings, step, equal } from './steps.mjs';

const client = new CognitoIdentityProviderClient({
  endpoint: settings.url,
  region: settings.region,
  credentials: { accessKeyId: settings.accessKey, secretAccessKey: settings.secretKey },
  maxAttempts: 1,
});
const send = (command) => client.send(command);
const Username = 'grace';
const Password = 'Correct-Horse-9';
const claims = (token) => JSON.parse(Buffer.from(token.split('.')[1], 'base64url'));

async function fails(promise, type) {
  try {
    await promise;
  } catch (err) {
    if (err instanceof type) return equal(err.$metadata.httpStatusCode, 400, 'status');
    throw err;
  }
  throw new Error(`succeeded, want ${type.name}`);
}

const UserPoolId = await step('make a pool', async () => {
  const { UserPool } = await send(new CreateUserPoolCommand({ PoolName: 'by the SDK', Policies: { PasswordPolicy: { MinimumLength: 12 } } }));
  equal(UserPool.CreationDate instanceof Date, true, 'CreationDate is a Date');
  equal(UserPool.Policies.PasswordPolicy.MinimumLength, 12, 'MinimumLength');
  return UserPool.Id;
});

const ClientId = await step('make a client with rotating refresh tokens', async () => {
  const { UserPoolClient } = await send(new CreateUserPoolClientCommand({
    UserPoolId, ClientName: 'api', AccessTokenValidity: 10, TokenValidityUnits: { AccessToken: 'minutes' },
    ExplicitAuthFlows: ['ALLOW_ADMIN_USER_PASSWORD_AUTH'], RefreshTokenRotation: { Feature: 'ENABLED', RetryGracePeriodSeconds: 0 },
  }));
  return UserPoolClient.ClientId;
});

await step('the policy is in force', () =>
  fails(send(new SignUpCommand({ ClientId, Username, Password: 'Short-Pw-1' })), InvalidPasswordException));

await step('sign up', async () => {
  const { UserConfirmed } = await send(new SignUpCommand({ ClientId, Username, Password }));
  equal(UserConfirmed, false, 'UserConfirmed');
  await fails(send(new SignUpCommand({ ClientId, Username, Password })), UsernameExistsException);
});

await step('confirm as administrator', () => send(new AdminConfirmSignUpCommand({ UserPoolId, Username })));

const signIn = (password = Password) =>
  send(new AdminInitiateAuthCommand({
    UserPoolId, ClientId, AuthFlow: 'ADMIN_USER_PASSWORD_AUTH', AuthParameters: { USERNAME: Username, PASSWORD: password },
  }));

await step('a wrong password is a typed error', () => fails(signIn('Wrong-Horse-9'), NotAuthorizedException));

const tokens = await step('sign in as administrator', async () => {
  const { AuthenticationResult } = await signIn();
  equal(AuthenticationResult.ExpiresIn, 600, 'ExpiresIn');
  const { iat, exp } = claims(AuthenticationResult.AccessToken);
  equal(exp - iat, 600, 'life of the access token');
  return AuthenticationResult;
});

await step('the token names its user', async () => {
  equal((await send(new GetUserCommand({ AccessToken: tokens.AccessToken }))).Username, Username, 'Username');
});

const rotated = await step('a refresh token rotates', async () => {
  const { AuthenticationResult } = await send(new GetTokensFromRefreshTokenCommand({ ClientId, RefreshToken: tokens.RefreshToken }));
  equal(AuthenticationResult.RefreshToken !== tokens.RefreshToken, true, 'the refresh token is another');
  equal(claims(AuthenticationResult.AccessToken).origin_jti, claims(tokens.AccessToken).origin_jti, 'origin_jti');
  return AuthenticationResult;
});

await step('revoke', async () => {
  await send(new RevokeTokenCommand({ ClientId, Token: rotated.RefreshToken }));
  await fails(send(new GetTokensFromRefreshTokenCommand({ ClientId, RefreshToken: rotated.RefreshToken })), NotAuthorizedException);
  await fails(send(new GetUserCommand({ AccessToken: rotated.AccessToken })), NotAuthorizedException);
});

await step('sign out as administrator', async () => {
  const { AuthenticationResult } = await signIn();
  await send(new AdminUserGlobalSignOutCommand({ UserPoolId, Username }));
  await fails(send(new GetUserCommand({ AccessToken: AuthenticationResult.AccessToken })), NotAuthorizedException);
});

const others = Array.from({ length: 7 }, (_, i) => `js-${i}`);

await step('create users', async () => {
  for (const name of others) {
    const { User } = await send(new AdminCreateUserCommand({
      UserPoolId, Username: name, MessageAction: 'SUPPRESS', UserAttributes: [{ Name: 'email', Value: `${name}@example.com` }],
    }));
    equal(User.UserStatus, 'FORCE_CHANGE_PASSWORD', 'UserStatus');
    equal(User.UserCreateDate instanceof Date, true, 'UserCreateDate is a Date');
  }
});

await step('page through the users', async () => {
  const seen = [];
  let pages = 0;
  for await (const page of paginateListUsers({ client, pageSize: 3 }, { UserPoolId, Filter: 'username ^= "js-"' })) {
    pages++;
    seen.push(...page.Users.map((u) => u.Username));
  }
  equal(seen.sort().join(), others.join(), 'users');
  equal(pages >= 3, true, `${pages} pages are at least 3`);
});

await step('a permanent password ends the temporary one', async () => {
  await send(new AdminSetUserPasswordCommand({ UserPoolId, Username: others[0], Password, Permanent: true }));
  equal((await send(new AdminGetUserCommand({ UserPoolId, Username: others[0] }))).UserStatus, 'CONFIRMED', 'UserStatus');
});

await step('delete a user', async () => {
  await send(new AdminDeleteUserCommand({ UserPoolId, Username: others[6] }));
  await fails(send(new AdminGetUserCommand({ UserPoolId, Username: others[6] })), UserNotFoundException);
});

await step('describe the pool', async () => {
  const { UserPool } = await send(new DescribeUserPoolCommand({ UserPoolId }));
  equal(UserPool.Policies.PasswordPolicy.MinimumLength, 12, 'MinimumLength');
});

await step('delete the pool', async () => {
  await send(new DeleteUserPoolCommand({ UserPoolId }));
  await fails(signIn(), ResourceNotFoundException);
});
