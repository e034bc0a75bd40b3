// A page in Chromium, with the browser's virtual authenticator: it makes a passkey by the API and signs in with it. What is between
// the API's JSON and the authenticator is the browser's own code.
import { createServer } from 'node:http';
import { chromium } from 'playwright-core';
import { settings, step, equal } from './steps.mjs';

// The pages: one where the pool's passkeys may be used, and one on the same host where they may not.
const page = '<!doctype html><meta charset="utf-8"><title>passkeys</title>';
const servers = [];
const serve = (port) => new Promise((resolve, reject) => {
  const server = createServer((_, response) => response.writeHead(200, { 'Content-Type': 'text/html' }).end(page));
  servers.push(server);
  server.once('error', reject).listen(port, 'localhost', () => resolve(`http://localhost:${server.address().port}`));
});

// Nothing is looked up or fetched but what the test serves.
const browser = await step('start Chromium', () => chromium.launch({
  executablePath: settings.chromium,
  args: ['--no-sandbox', '--disable-background-networking', '--disable-component-update', '--disable-domain-reliability', '--disable-sync',
    '--no-default-browser-check', '--no-first-run', '--no-pings', '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1'],
}));

// visit opens a page in a profile of its own, with an authenticator.
async function visit(url, authenticator) {
  const context = await browser.newContext();
  const tab = await context.newPage();
  const devtools = await context.newCDPSession(tab);
  await devtools.send('WebAuthn.enable');
  const { authenticatorId } = await devtools.send('WebAuthn.addVirtualAuthenticator', { options: {
    protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true,
    automaticPresenceSimulation: true, ...authenticator,
  } });
  await tab.goto(url);
  await tab.evaluate(({ url }) => {
    // The API as a web page calls it: no library, no signature.
    globalThis.api = async (operation, input) => {
      const answer = await fetch(url, { method: 'POST', body: JSON.stringify(input), headers: {
        'Content-Type': 'application/x-amz-json-1.1', 'X-Amz-Target': `AWSCognitoIdentityProviderService.${operation}`,
      } });
      const body = await answer.json();
      if (!answer.ok) throw new Error(`${body.__type}: ${body.message}`);
      return body;
    };
    globalThis.register = async (AccessToken) => {
      const { CredentialCreationOptions } = await api('StartWebAuthnRegistration', { AccessToken });
      const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(CredentialCreationOptions);
      const Credential = (await navigator.credentials.create({ publicKey })).toJSON();
      await api('CompleteWebAuthnRegistration', { AccessToken, Credential });
      return Credential.id;
    };
    globalThis.signIn = async (ClientId, USERNAME, patience) => {
      const begun = await api('InitiateAuth', { ClientId, AuthFlow: 'USER_AUTH', AuthParameters: { USERNAME, PREFERRED_CHALLENGE: 'WEB_AUTHN' } });
      if (begun.ChallengeName !== 'WEB_AUTHN') throw new Error(`the challenge is ${begun.ChallengeName}`);
      const options = JSON.parse(begun.ChallengeParameters.CREDENTIAL_REQUEST_OPTIONS);
      const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options);
      publicKey.timeout = patience ?? publicKey.timeout;
      const credential = (await navigator.credentials.get({ publicKey })).toJSON();
      const ended = await api('RespondToAuthChallenge', { ClientId, ChallengeName: 'WEB_AUTHN', Session: begun.Session,
        ChallengeResponses: { USERNAME, CREDENTIAL: JSON.stringify(credential) } });
      return ended.AuthenticationResult;
    };
  }, { url: settings.url });
  return {
    run: (name, ...args) => tab.evaluate(([name, args]) => globalThis[name](...args), [name, args]),
    credentials: async () => (await devtools.send('WebAuthn.getCredentials', { authenticatorId })).credentials,
  };
}

async function refusedWith(promise, text) {
  try {
    await promise;
  } catch (err) {
    return equal(err.message.includes(text), true, `${err.message} says ${text}`);
  }
  throw new Error(`succeeded, want ${text}`);
}

const { username, clientId, accessToken } = settings;
const origin = await serve(Number(settings.port));
const laptop = await visit(origin);
const key = await visit(origin, { transport: 'usb' });

const id = await step('make a passkey', () => laptop.run('register', accessToken));
await step('the list has it', async () => {
  const { Credentials: [passkey, ...others] } = await laptop.run('api', 'ListWebAuthnCredentials', { AccessToken: accessToken });
  equal(others.length, 0, 'other passkeys');
  equal(passkey.CredentialId, id, 'CredentialId');
  equal(passkey.RelyingPartyId, 'localhost', 'RelyingPartyId');
  equal(passkey.AuthenticatorAttachment, 'platform', 'AuthenticatorAttachment');
  equal(passkey.AuthenticatorTransports.join(), 'internal', 'AuthenticatorTransports');
});
await step('the authenticator keeps it for the user', async () => {
  const [credential] = await laptop.credentials();
  equal(credential.rpId, 'localhost', 'rpId');
  equal(Buffer.from(credential.userHandle, 'base64').toString(), settings.sub, 'userHandle');
});
await step('not twice on one authenticator', () => refusedWith(laptop.run('register', accessToken), 'InvalidStateError'));
await step('a security key beside it', async () => {
  await key.run('register', accessToken);
  const { Credentials } = await key.run('api', 'ListWebAuthnCredentials', { AccessToken: accessToken });
  equal(Credentials.map((c) => c.AuthenticatorAttachment).join(), 'platform,cross-platform', 'attachments');
});
await step('not from another origin', async () => {
  const other = await visit(await serve(0));
  await refusedWith(other.run('register', accessToken), 'WebAuthnOriginNotAllowedException');
});

for (const [name, device, amr] of [['the passkey', laptop, 'swk'], ['the security key', key, 'hwk']]) {
  await step(`sign in with ${name}`, async () => {
    for (let i = 0; i < 2; i++) {
      const tokens = await device.run('signIn', clientId, username);
      const { UserAttributes } = await device.run('api', 'GetUser', { AccessToken: tokens.AccessToken });
      equal(UserAttributes.find((a) => a.Name === 'sub').Value, settings.sub, 'sub');
      const claims = JSON.parse(Buffer.from(tokens.AccessToken.split('.')[1], 'base64url'));
      if (claims.amr) equal(claims.amr.join(), amr, 'amr');
    }
  });
}
await step('a deleted passkey is none', async () => {
  await laptop.run('api', 'DeleteWebAuthnCredential', { AccessToken: accessToken, CredentialId: id });
  // Where no authenticator has a passkey, the browser waits for one until the time is over: the least that it takes is short enough.
  await refusedWith(laptop.run('signIn', clientId, username, 1), 'NotAllowedError');
});

await browser.close();
servers.forEach((server) => server.close());
