// Tokens, issuer and key set as a back end checks them: by AWS's verifier, for a pool of AWS's and for any issuer.
import { CognitoJwtVerifier, JwtVerifier } from 'aws-jwt-verify';
import { SimpleJwksCache } from 'aws-jwt-verify/jwk';
import { settings, step, equal, refused } from './steps.mjs';

// The verifier knows where an issuer's keys are, and fetches by https only. The request goes to the server under test
// instead; what is checked stays: where it looks, the key set and its ids.
const asked = [];
const fetcher = {
  async fetch(uri) {
    asked.push(uri);
    const answer = await fetch(settings.url + new URL(uri).pathname);
    if (!answer.ok) throw new Error(`${uri}: ${answer.status}`);
    return answer.arrayBuffer();
  },
};
const cache = () => ({ jwksCache: new SimpleJwksCache({ fetcher }) });
const ofAWS = settings.issuer === `https://cognito-idp.${settings.region}.amazonaws.com/${settings.pool}`;

function verifier(tokenUse, clientId = settings.client) {
  if (ofAWS) return CognitoJwtVerifier.create({ userPoolId: settings.pool, tokenUse, clientId }, cache());
  return JwtVerifier.create({
    issuer: settings.issuer,
    audience: tokenUse === 'id' ? clientId : null,
    customJwtCheck: ({ payload }) => {
      equal(payload.token_use, tokenUse, 'token_use');
      if (tokenUse === 'access') equal(payload.client_id, clientId, 'client_id');
    },
  }, cache());
}

await step('access token', async () => {
  const claims = await verifier('access').verify(settings.access);
  equal(claims.token_use, 'access', 'token_use');
  equal(claims.iss, settings.issuer, 'iss');
});

await step('id token', async () => {
  const claims = await verifier('id').verify(settings.id);
  equal(claims.aud, settings.client, 'aud');
});

await step('the keys are where the issuer says', () => equal(asked[0], `${settings.issuer}/.well-known/jwks.json`, 'URI'));

await step('one token is not the other', () =>
  refused(verifier('id').verify(settings.access), 'CognitoJwtInvalidTokenUseError', 'JwtInvalidAudienceError', 'JwtInvalidClaimError'));

await step('another client is refused', () =>
  refused(verifier('id', 'another').verify(settings.id), 'CognitoJwtInvalidClientIdError', 'JwtInvalidAudienceError'));

await step('a changed token is refused', async () => {
  const [head, body, signature] = settings.access.split('.');
  const claims = JSON.parse(Buffer.from(body, 'base64url'));
  claims.sub = '00000000-0000-0000-0000-000000000000';
  const forged = [head, Buffer.from(JSON.stringify(claims)).toString('base64url'), signature].join('.');
  await refused(verifier('access').verify(forged), 'JwtInvalidSignatureError');
});
