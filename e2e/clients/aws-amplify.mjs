// Sign-ins through the library that front ends have today: by SRP, by choice, and without any password.
import { Amplify } from 'aws-amplify';
import {
  autoSignIn, confirmSignIn, confirmSignUp, fetchAuthSession, fetchMFAPreference, fetchUserAttributes, getCurrentUser, setUpTOTP, signIn,
  signOut, signUp, updateMFAPreference, updatePassword, verifyTOTPSetup,
} from 'aws-amplify/auth';
import { settings, step, equal, refused, codeFor, totp, result } from './steps.mjs';

Amplify.configure({
  Auth: { Cognito: { userPoolId: settings.pool, userPoolClientId: settings.client, userPoolEndpoint: settings.url } },
});

const first = 'Correct-Horse-9';
const second = 'Battery-Staple-8';
const ada = 'ada@example.com';
const eve = 'eve@example.com';

async function next(promise, want) {
  const { isSignedIn, nextStep } = await promise;
  equal(nextStep.signInStep, want, 'next step');
  equal(isSignedIn, want === 'DONE', 'isSignedIn');
  return nextStep;
}

// how signs out and returns what the tokens tell of the sign-in.
async function how() {
  const { tokens } = await fetchAuthSession();
  const { acr, amr } = tokens.accessToken.payload;
  equal(JSON.stringify(tokens.idToken.payload.amr), JSON.stringify(amr), 'amr of the ID token');
  await signOut();
  return `${acr.split(':').at(-1)} ${amr.join()}`;
}

await step('sign up with a password', async () => {
  const { nextStep } = await signUp({ username: ada, password: first, options: { userAttributes: { email: ada } } });
  equal(nextStep.signUpStep, 'CONFIRM_SIGN_UP', 'next step');
  await next(signIn({ username: ada, password: first }), 'CONFIRM_SIGN_UP');
  const done = await confirmSignUp({ username: ada, confirmationCode: await codeFor(ada, 'SignUp') });
  equal(done.isSignUpComplete, true, 'complete');
});

await step('sign in by SRP', async () => {
  await next(signIn({ username: ada, password: first }), 'DONE');
  const { userId, username } = await getCurrentUser();
  equal(username, userId, 'username');
  equal((await fetchUserAttributes()).email, ada, 'email');
  equal(await how(), '1 pwd', 'the tokens');
});

await step('refresh', async () => {
  await next(signIn({ username: ada, password: first }), 'DONE');
  const before = (await fetchAuthSession()).tokens.accessToken.payload;
  const after = (await fetchAuthSession({ forceRefresh: true })).tokens.accessToken.payload;
  equal(after.origin_jti, before.origin_jti, 'origin_jti');
  equal(after.jti === before.jti, false, 'jti is the same');
  equal(await how(), '1 pwd', 'the tokens');
});

await step('a wrong password is refused', () => refused(signIn({ username: ada, password: second }), 'NotAuthorizedException'));

const byChoice = { authFlowType: 'USER_AUTH' };

await step('choose a code by e-mail', async () => {
  const { availableChallenges } = await next(signIn({ username: ada, options: byChoice }), 'CONTINUE_SIGN_IN_WITH_FIRST_FACTOR_SELECTION');
  equal(availableChallenges.join(), 'PASSWORD_SRP,PASSWORD,EMAIL_OTP', 'challenges');
  const { codeDeliveryDetails } = await next(confirmSignIn({ challengeResponse: 'EMAIL_OTP' }), 'CONFIRM_SIGN_IN_WITH_EMAIL_CODE');
  equal(codeDeliveryDetails.deliveryMedium, 'EMAIL', 'medium');
  equal(codeDeliveryDetails.destination, 'a***@e***', 'destination');
  const code = await codeFor(ada, 'Authentication');
  equal(/^[0-9]{8}$/.test(code), true, `${code} has 8 digits`);
  const wrong = String((Number(code) + 1) % 100000000).padStart(8, '0');
  await refused(confirmSignIn({ challengeResponse: wrong }), 'CodeMismatchException');
  await next(confirmSignIn({ challengeResponse: code }), 'DONE');
  equal(await how(), '2 email_otp', 'the tokens');
});

await step('choose the password', async () => {
  await next(signIn({ username: ada, options: byChoice }), 'CONTINUE_SIGN_IN_WITH_FIRST_FACTOR_SELECTION');
  await next(confirmSignIn({ challengeResponse: 'PASSWORD' }), 'CONFIRM_SIGN_IN_WITH_PASSWORD');
  await next(confirmSignIn({ challengeResponse: first }), 'DONE');
  equal(await how(), '1 pwd', 'the tokens');
});

await step('choose SRP', async () => {
  await next(signIn({ username: ada, options: byChoice }), 'CONTINUE_SIGN_IN_WITH_FIRST_FACTOR_SELECTION');
  await next(confirmSignIn({ challengeResponse: 'PASSWORD_SRP' }), 'CONFIRM_SIGN_IN_WITH_PASSWORD');
  await next(confirmSignIn({ challengeResponse: first }), 'DONE');
  equal(await how(), '1 pwd', 'the tokens');
});

await step('prefer the password', async () => {
  await next(signIn({ username: ada, password: first, options: { ...byChoice, preferredChallenge: 'PASSWORD' } }), 'DONE');
  equal(await how(), '1 pwd', 'the tokens');
});

await step('prefer SRP', async () => {
  await next(signIn({ username: ada, password: first, options: { ...byChoice, preferredChallenge: 'PASSWORD_SRP' } }), 'DONE');
  equal(await how(), '1 pwd', 'the tokens');
});

await step('sign up without a password and be signed in', async () => {
  const { nextStep } = await signUp({ username: eve, options: { userAttributes: { email: eve }, autoSignIn: byChoice } });
  equal(nextStep.signUpStep, 'CONFIRM_SIGN_UP', 'next step');
  const done = await confirmSignUp({ username: eve, confirmationCode: await codeFor(eve, 'SignUp') });
  equal(done.nextStep.signUpStep, 'COMPLETE_AUTO_SIGN_IN', 'next step');
  await next(autoSignIn(), 'DONE');
  equal((await fetchUserAttributes()).email_verified, 'true', 'email_verified');
  equal(await how(), '2 email_otp', 'the tokens');
});

await step('a user without a password has one way', async () => {
  await next(signIn({ username: eve, options: byChoice }), 'CONFIRM_SIGN_IN_WITH_EMAIL_CODE');
  await next(confirmSignIn({ challengeResponse: await codeFor(eve, 'Authentication') }), 'DONE');
  await refused(updatePassword({ oldPassword: first, newPassword: second }), 'NotAuthorizedException');
  equal(await how(), '2 email_otp', 'the tokens');
});

const secret = await step('set up a software token', async () => {
  await next(signIn({ username: ada, password: first }), 'DONE');
  const { sharedSecret } = await setUpTOTP();
  await refused(verifyTOTPSetup({ code: totp(sharedSecret, 100) }), 'EnableSoftwareTokenMFAException');
  await verifyTOTPSetup({ code: totp(sharedSecret, -1) });
  await updateMFAPreference({ totp: 'PREFERRED' });
  equal((await fetchMFAPreference()).preferred, 'TOTP', 'preferred');
  await signOut();
  return sharedSecret;
});

await step('sign in by SRP and TOTP', async () => {
  await next(signIn({ username: ada, password: first }), 'CONFIRM_SIGN_IN_WITH_TOTP_CODE');
  await refused(confirmSignIn({ challengeResponse: totp(secret, 100) }), 'CodeMismatchException');
  await next(confirmSignIn({ challengeResponse: totp(secret) }), 'DONE');
  equal(await how(), '4 pwd,otp,mfa', 'the tokens');
});

await step('with a second factor there is no choice but the password', async () => {
  const { availableChallenges } = await next(signIn({ username: ada, options: byChoice }), 'CONTINUE_SIGN_IN_WITH_FIRST_FACTOR_SELECTION');
  equal(availableChallenges.join(), 'PASSWORD_SRP,PASSWORD', 'challenges');
  await next(confirmSignIn({ challengeResponse: 'PASSWORD_SRP' }), 'CONFIRM_SIGN_IN_WITH_PASSWORD');
  await next(confirmSignIn({ challengeResponse: first }), 'CONFIRM_SIGN_IN_WITH_TOTP_CODE');
  await next(confirmSignIn({ challengeResponse: totp(secret, 1) }), 'DONE');
  equal(await how(), '4 pwd,otp,mfa', 'the tokens');
});

await step('an unknown user is refused', () =>
  refused(signIn({ username: 'nobody@example.com', options: byChoice }), 'UserNotFoundException'));

result({});
