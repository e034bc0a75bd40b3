// What the scripts share: steps that the Go test turns into subtests, and the mail that the server would have sent.
import { createHmac } from 'node:crypto';

export const settings = JSON.parse(process.argv[2]);

// step runs one step and reports it. A script ends at its first failure: what follows would rest on it.
export async function step(name, run) {
  try {
    const value = await run();
    console.log(`ok ${name}`);
    return value;
  } catch (err) {
    const reason = `${err?.name ?? 'Error'} ${err?.message ?? err}`.replaceAll('\n', ' ');
    console.log(`not ok ${name}: ${reason}`);
    console.error(err);
    process.exit(1);
  }
}

export function equal(got, want, what) {
  if (got !== want) throw new Error(`${what} is ${JSON.stringify(got)}, want ${JSON.stringify(want)}`);
}

// refused expects a rejection with one of the error names.
export async function refused(promise, ...names) {
  let value;
  try {
    value = await promise;
  } catch (err) {
    if (![err.code, err.name, err.constructor.name].some((name) => names.includes(name))) throw err;
    return err;
  }
  throw new Error(`succeeded with ${JSON.stringify(value)}, want ${names}`);
}

// codeFor returns the code in the message of a kind to an address, once it is there.
export async function codeFor(destination, kind) {
  for (const end = Date.now() + 10_000; ;) {
    const answer = await fetch(`${settings.url}/_cenote/outbox?destination=${encodeURIComponent(destination)}`);
    const message = await answer.json();
    if (answer.ok && message.kind === kind) return message.code;
    if (Date.now() > end) throw new Error(`no ${kind} for ${destination}: ${answer.status} ${JSON.stringify(message)}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

// totp is the code of a software token, so many steps from now.
export function totp(secret, steps = 0) {
  const bits = [...secret].map((c) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(c).toString(2).padStart(5, '0')).join('');
  const key = Buffer.from(bits.match(/.{8}/g).map((b) => parseInt(b, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + steps));
  const mac = createHmac('sha1', key).update(counter).digest();
  const at = mac[19] & 15;
  return String((mac.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}

// result ends the script, whatever timers a library has left.
export function result(value) {
  console.log(`result ${JSON.stringify(value)}`);
  process.exit(0);
}
