// A remembered device, through the library that older front ends have: it confirms the device by itself, and proves it at the next
// sign-in. The pool asks everybody for a code by SMS, and settings.replaces says whether a device stands for it.
import cognito from 'amazon-cognito-identity-js';
import { settings, step, equal, refused, codeFor } from './steps.mjs';

const { CognitoUserPool, CognitoUser, AuthenticationDetails } = cognito;

const pool = new CognitoUserPool({ UserPoolId: settings.pool, ClientId: settings.client, endpoint: settings.url });
const user = () => new CognitoUser({ Username: settings.name, Pool: pool });

let last = '';

// newCode returns the code that was sent since the last one.
async function newCode() {
  for (;;) {
    const code = await codeFor(settings.phone, 'Authentication');
    if (code !== last) return (last = code);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

// signIn signs in and returns the session, and how often a code was asked for.
async function signIn(who) {
  let codes = 0;
  const session = await new Promise((resolve, reject) => {
    const callbacks = {
      onSuccess: resolve, onFailure: reject,
      mfaRequired: () => {
        codes++;
        newCode().then((code) => who.sendMFACode(code, callbacks), reject);
      },
    };
    who.authenticateUser(new AuthenticationDetails({ Username: settings.name, Password: settings.password }), callbacks);
  });
  return { session, codes, key: session.getAccessToken().payload.device_key };
}

const wanted = settings.replaces === 'yes' ? 0 : 1;
const call = (run) => new Promise((resolve, reject) => run({ onSuccess: resolve, onFailure: reject }));

const first = await step('the first sign-in takes a code and makes a device', async () => {
  const got = await signIn(user());
  equal(got.codes, 1, 'codes');
  equal(/^us-east-1_[0-9a-f-]{36}$/.test(got.key), true, `device_key ${got.key} is one`);
  return got;
});

const second = user();
await step('the second one is from that device', async () => {
  const got = await signIn(second);
  equal(got.codes, wanted, 'codes');
  equal(got.key, first.key, 'device_key');
});

await step('refresh with the device', async () => {
  const fresh = await new Promise((resolve, reject) =>
    second.refreshSession(second.getSignInUserSession().getRefreshToken(), (err, s) => (err ? reject(err) : resolve(s))));
  equal(fresh.getAccessToken().payload.device_key, first.key, 'device_key');
});

await step('the device is listed', async () => {
  const { Device } = await call((to) => second.getDevice(to));
  equal(Device.DeviceKey, first.key, 'DeviceKey');
  const { Devices } = await call((to) => second.listDevices(10, null, to));
  equal(Devices.map((d) => d.DeviceKey).join(), first.key, 'devices');
});

await step('a forgotten device is dropped by the client, which signs in with a code', async () => {
  await call((to) => second.forgetSpecificDevice(first.key, to));
  await refused(call((to) => second.getDevice(to)), 'ResourceNotFoundException');
  const got = await signIn(user());
  equal(got.codes, 1, 'codes');
  equal(got.key !== first.key, true, 'the device is a new one');
});
