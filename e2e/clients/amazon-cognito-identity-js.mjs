// The life of two users, through the library that older front ends have.
import cognito from 'amazon-cognito-identity-js';
import { settings, step, equal, refused, codeFor, totp, result } from './steps.mjs';

const { CognitoUserPool, CognitoUser, CognitoUserAttribute, AuthenticationDetails } = cognito;

const pool = new CognitoUserPool({
  UserPoolId: settings.pool,
  ClientId: settings.client,
  endpoint: settings.url,
});
const later = (call) => new Promise((resolve, reject) => call((err, value) => (err ? reject(err) : resolve(value))));
const user = (name) => new CognitoUser({ Username: name, Pool: pool });

const signIn = (who, name, password, more = {}) =>
  new Promise((resolve, reject) =>
    who.authenticateUser(new AuthenticationDetails({ Username: name, Password: password }), {
      onSuccess: resolve, onFailure: reject, ...more,
    }));

const name = 'ada@example.com';
const first = 'Correct-Horse-9';
const second = 'Battery-Staple-8';
const third = 'Paper-Clip-Lamp-7';
const ada = user(name);

await step('sign up', async () => {
  const attributes = [new CognitoUserAttribute({ Name: 'email', Value: name })];
  const { userConfirmed, userSub, codeDeliveryDetails } = await later((done) => pool.signUp(name, first, attributes, null, done));
  equal(userConfirmed, false, 'userConfirmed');
  equal(/^[0-9a-f-]{36}$/.test(userSub), true, `sub ${userSub} is a UUID`);
  equal(codeDeliveryDetails.DeliveryMedium, 'EMAIL', 'medium');
});

await step('a name is taken once', () =>
  refused(later((done) => pool.signUp(name, first, [], null, done)), 'UsernameExistsException'));

await step('a weak password is refused', () =>
  refused(later((done) => pool.signUp('weak@example.com', 'weak', [], null, done)), 'InvalidPasswordException', 'InvalidParameterException'));

await step('no sign-in before the confirmation', () => refused(signIn(ada, name, first), 'UserNotConfirmedException'));

await step('a wrong code is refused', async () => {
  const code = await codeFor(name, 'SignUp');
  const wrong = String((Number(code) + 1) % 1000000).padStart(6, '0');
  await refused(later((done) => ada.confirmRegistration(wrong, false, done)), 'CodeMismatchException');
});

await step('confirm', async () => {
  const code = await codeFor(name, 'SignUp');
  equal(await later((done) => ada.confirmRegistration(code, false, done)), 'SUCCESS', 'answer');
});

await step('a wrong password is refused', () => refused(signIn(ada, name, 'Wrong-Horse-9'), 'NotAuthorizedException'));

await step('an unknown user is refused alike', () =>
  refused(signIn(user('nobody@example.com'), 'nobody@example.com', first), 'NotAuthorizedException', 'UserNotFoundException'));

const session = await step('sign in by SRP', () => signIn(ada, name, first));

await step('tokens name the user', () => {
  const id = session.getIdToken().payload;
  const access = session.getAccessToken().payload;
  equal(id.email, name, 'email');
  equal(id.email_verified, true, 'email_verified');
  equal(id.aud, settings.client, 'aud');
  equal(access.client_id, settings.client, 'client_id');
  equal(access.sub, id.sub, 'sub');
  equal(access.token_use, 'access', 'token_use');
});

await step('read the attributes', async () => {
  const attributes = await later((done) => ada.getUserAttributes(done));
  equal(attributes.find((a) => a.getName() === 'email')?.getValue(), name, 'email');
});

await step('change an attribute', async () => {
  await later((done) => ada.updateAttributes([new CognitoUserAttribute({ Name: 'given_name', Value: 'Ada' })], done));
  const attributes = await later((done) => ada.getUserAttributes(done));
  equal(attributes.find((a) => a.getName() === 'given_name')?.getValue(), 'Ada', 'given_name');
});

await step('refresh', async () => {
  const fresh = await later((done) => ada.refreshSession(session.getRefreshToken(), done));
  equal(fresh.getAccessToken().payload.sub, session.getAccessToken().payload.sub, 'sub');
  equal(fresh.getAccessToken().payload.origin_jti, session.getAccessToken().payload.origin_jti, 'origin_jti');
});

await step('change the password', async () => {
  await later((done) => ada.changePassword(first, second, done));
  await refused(signIn(user(name), name, first), 'NotAuthorizedException');
  await signIn(user(name), name, second);
});

await step('sign in by password', async () => {
  const plain = user(name);
  plain.setAuthenticationFlowType('USER_PASSWORD_AUTH');
  await signIn(plain, name, second);
});

await step('forgot password', async () => {
  const forgetful = user(name);
  await new Promise((resolve, reject) => forgetful.forgotPassword({ onSuccess: resolve, onFailure: reject, inputVerificationCode: resolve }));
  const code = await codeFor(name, 'ForgotPassword');
  await new Promise((resolve, reject) => forgetful.confirmPassword(code, third, { onSuccess: resolve, onFailure: reject }));
  await refused(signIn(user(name), name, second), 'NotAuthorizedException');
});

const last = await step('sign in with the new password', () => signIn(ada, name, third));

await step('global sign-out ends the tokens', async () => {
  await new Promise((resolve, reject) => ada.globalSignOut({ onSuccess: resolve, onFailure: reject }));
  const stale = user(name);
  stale.setSignInUserSession(last);
  await refused(later((done) => stale.getUserAttributes(done)), 'NotAuthorizedException');
  await refused(later((done) => stale.refreshSession(last.getRefreshToken(), done)), 'NotAuthorizedException');
});

await step('groups are in the token', async () => {
  const root = await signIn(user(settings.root), settings.root, first);
  equal(root.getAccessToken().payload['cognito:groups']?.join(), 'admins', 'cognito:groups');
});

await step('a new password is required', async () => {
  const invited = user(settings.invited);
  const wanted = await new Promise((resolve, reject) =>
    invited.authenticateUser(new AuthenticationDetails({ Username: settings.invited, Password: settings.temporary }), {
      onSuccess: () => reject(new Error('signed in with the temporary password')),
      onFailure: reject,
      newPasswordRequired: (attributes) => resolve(attributes),
    }));
  equal(wanted.email, settings.invited, 'email');
  const signedIn = await new Promise((resolve, reject) =>
    invited.completeNewPasswordChallenge(second, {}, { onSuccess: resolve, onFailure: reject }));
  equal(signedIn.isValid(), true, 'valid');
  await refused(signIn(user(settings.invited), settings.invited, settings.temporary), 'NotAuthorizedException');
});

// challenged signs in and expects to be asked for a second factor.
const challenged = (who, name, password) =>
  new Promise((resolve, reject) =>
    who.authenticateUser(new AuthenticationDetails({ Username: name, Password: password }), {
      onSuccess: () => reject(new Error('signed in without a second factor')), onFailure: reject,
      mfaRequired: resolve, totpRequired: resolve,
    }));
const answered = (who, code, kind) =>
  new Promise((resolve, reject) => who.sendMFACode(code, { onSuccess: resolve, onFailure: reject }, kind));

const careful = 'careful@example.com';
const phone = '+15550101234';
const prudent = user(careful);

const secret = await step('set up a software token', async () => {
  await later((done) => pool.signUp(careful, first, [new CognitoUserAttribute({ Name: 'email', Value: careful })], null, done));
  const confirmation = await codeFor(careful, 'SignUp');
  await later((done) => prudent.confirmRegistration(confirmation, false, done));
  await signIn(prudent, careful, first);
  const code = await new Promise((resolve, reject) => prudent.associateSoftwareToken({ associateSecretCode: resolve, onFailure: reject }));
  equal(/^[A-Z2-7]{52}$/.test(code), true, 'secret in base32');
  await new Promise((resolve, reject) => prudent.verifySoftwareToken(totp(code), 'watch', { onSuccess: resolve, onFailure: reject }));
  await later((done) => prudent.setUserMfaPreference(null, { Enabled: true, PreferredMfa: true }, done));
  const { PreferredMfaSetting, UserMFASettingList } = await later((done) => prudent.getUserData(done, { bypassCache: true }));
  equal(PreferredMfaSetting, 'SOFTWARE_TOKEN_MFA', 'preferred');
  equal(UserMFASettingList.join(), 'SOFTWARE_TOKEN_MFA', 'settings');
  return code;
});

await step('sign in by SRP and TOTP', async () => {
  const who = user(careful);
  equal(await challenged(who, careful, first), 'SOFTWARE_TOKEN_MFA', 'challenge');
  await refused(answered(who, totp(secret, 100), 'SOFTWARE_TOKEN_MFA'), 'CodeMismatchException');
  const signedIn = await answered(who, totp(secret, 1), 'SOFTWARE_TOKEN_MFA');
  equal(signedIn.isValid(), true, 'valid');
});

await step('sign in by SRP and SMS', async () => {
  await later((done) => prudent.updateAttributes([new CognitoUserAttribute({ Name: 'phone_number', Value: phone })], done));
  await later((done) => prudent.setUserMfaPreference({ Enabled: true, PreferredMfa: true }, null, done));
  const who = user(careful);
  equal(await challenged(who, careful, first), 'SMS_MFA', 'challenge');
  const signedIn = await answered(who, await codeFor(phone, 'Authentication'));
  equal(signedIn.getIdToken().payload.phone_number_verified, true, 'phone_number_verified');
});

const final = await step('sign in again', () => signIn(user(name), name, third));
result({ id: final.getIdToken().getJwtToken(), access: final.getAccessToken().getJwtToken() });
