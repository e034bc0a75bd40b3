// One request per line in, one answer per line out: the SRP arithmetic of amazon-cognito-identity-js, as the client
// that it is, and as the server that its big integers make possible.
import readline from 'node:readline';
import { randomBytes, createHmac } from 'node:crypto';
import AuthenticationHelper from 'amazon-cognito-identity-js/lib/AuthenticationHelper.js';
import BigInteger from 'amazon-cognito-identity-js/lib/BigInteger.js';

const Helper = AuthenticationHelper.default ?? AuthenticationHelper;
const Big = BigInteger.default ?? BigInteger;
const hex = (text) => new Big(text, 16);
const later = (call) => new Promise((resolve, reject) => call((err, value) => (err ? reject(err) : resolve(value))));

const sign = (key, group, name, block, timestamp) =>
  createHmac('sha256', key)
    .update(group, 'utf8').update(name, 'utf8').update(Buffer.from(block, 'base64')).update(timestamp, 'utf8')
    .digest('base64');

const clients = new Map();

const answers = {
  // The client's first message.
  async start({ id, pool }) {
    const helper = new Helper(pool);
    clients.set(id, helper);
    return { A: (await later((done) => helper.getLargeAValue(done))).toString(16) };
  },

  // The client's second message.
  async claim({ id, pool, name, password, B, salt, block, timestamp }) {
    const key = await later((done) =>
      clients.get(id).getPasswordAuthenticationKey(name, password, hex(B), hex(salt), done));
    return { signature: sign(key, pool, name, block, timestamp) };
  },

  // A device's password, salt and verifier.
  async device({ group, key }) {
    const helper = new Helper(group);
    await later((done) => helper.generateHashDevice(group, key, done));
    return {
      password: helper.getRandomPassword(),
      salt: Buffer.from(helper.getSaltDevices(), 'hex').toString('base64'),
      verifier: Buffer.from(helper.getVerifierDevices(), 'hex').toString('base64'),
    };
  },

  // A server's B for a verifier v, and the signature that it expects: S = (A · v^u)^b.
  async serve({ group, name, verifier, A, block, timestamp }) {
    const helper = new Helper(group);
    const v = hex(verifier);
    const b = hex(randomBytes(32).toString('hex'));
    const power = (base, exponent) => later((done) => base.modPow(exponent, helper.N, done));
    const B = helper.k.multiply(v).add(await power(helper.g, b)).mod(helper.N);
    const u = helper.calculateU(hex(A), B);
    const S = await power(hex(A).multiply(await power(v, u)), b);
    const key = helper.computehkdf(Buffer.from(helper.padHex(S), 'hex'), Buffer.from(helper.padHex(u), 'hex'));
    return { B: B.toString(16), signature: sign(key, group, name, block, timestamp) };
  },
};

for await (const line of readline.createInterface({ input: process.stdin })) {
  const { op, ...args } = JSON.parse(line);
  try {
    console.log(JSON.stringify(await answers[op](args)));
  } catch (err) {
    console.log(JSON.stringify({ error: String(err) }));
  }
}
