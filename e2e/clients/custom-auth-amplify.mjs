// A quiz in place of the password, and after it, through the library that front ends have today.
import { Amplify } from 'aws-amplify';
import { confirmSignIn, fetchAuthSession, signIn, signOut } from 'aws-amplify/auth';
import { settings, step, equal, refused, result } from './steps.mjs';

Amplify.configure({
  Auth: { Cognito: { userPoolId: settings.pool, userPoolClientId: settings.client, userPoolEndpoint: settings.url } },
});

const badge = { clientMetadata: { badge: 'blue' } };

async function asked(promise, question) {
  const { isSignedIn, nextStep } = await promise;
  equal(nextStep.signInStep, 'CONFIRM_SIGN_IN_WITH_CUSTOM_CHALLENGE', 'next step');
  equal(nextStep.additionalInfo.question, question, 'question');
  equal(isSignedIn, false, 'isSignedIn');
}

async function done(promise) {
  const { isSignedIn } = await promise;
  equal(isSignedIn, true, 'isSignedIn');
  equal((await fetchAuthSession()).tokens.idToken.payload.email, settings.name, 'email');
  await signOut();
}

const answer = (text) => confirmSignIn({ challengeResponse: text, options: badge });

await step('the quiz alone', async () => {
  await asked(signIn({ username: settings.name, options: { authFlowType: 'CUSTOM_WITHOUT_SRP' } }), 'What is 0 and 40?');
  await asked(answer('wrong'), 'What is 1 and 40?');
  await asked(answer('41'), 'What is 2 and 40?');
  await done(answer('42'));
});

await step('the password first, and the quiz after it', async () => {
  const options = { authFlowType: 'CUSTOM_WITH_SRP' };
  await asked(signIn({ username: settings.name, password: settings.password, options }), 'What is 2 and 40?');
  await asked(answer('42'), 'What is 3 and 40?');
  await done(answer('43'));
});

await step('two wrong answers end the sign-in', async () => {
  await asked(signIn({ username: settings.name, options: { authFlowType: 'CUSTOM_WITHOUT_SRP' } }), 'What is 0 and 40?');
  await asked(answer('1'), 'What is 1 and 40?');
  await refused(answer('2'), 'NotAuthorizedException');
});

await step('no question after a wrong password', () =>
  refused(signIn({ username: settings.name, password: 'Wrong-Horse-9', options: { authFlowType: 'CUSTOM_WITH_SRP' } }), 'NotAuthorizedException'));

result({});
