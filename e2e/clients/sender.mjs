// One request per line in, one answer per line out: what a custom sender's function does with its event, by AWS's own library
// and a raw AES keyring in place of KMS.
import readline from 'node:readline';
import {
  buildClient, CommitmentPolicy, RawAesKeyringNode, RawAesWrappingSuiteIdentifier,
} from '@aws-crypto/client-node';

async function open({ policy, namespace, name, key, code }) {
  // The library fails on key material that shares its buffer with other bytes.
  const unencryptedMasterKey = Uint8Array.from(Buffer.from(key, 'base64'));
  const keyring = new RawAesKeyringNode({
    keyNamespace: namespace, keyName: name, unencryptedMasterKey,
    wrappingSuite: RawAesWrappingSuiteIdentifier.AES256_GCM_IV12_TAG16_NO_PADDING,
  });
  const { decrypt } = policy ? buildClient(CommitmentPolicy[policy]) : buildClient();
  const { plaintext, messageHeader } = await decrypt(keyring, Buffer.from(code, 'base64'));
  return { plaintext: plaintext.toString('utf8'), context: JSON.stringify(messageHeader.encryptionContext) };
}

for await (const line of readline.createInterface({ input: process.stdin })) {
  let answer;
  try {
    answer = await open(JSON.parse(line));
  } catch (err) {
    answer = { refused: `${err.name}: ${err.message}` };
  }
  console.log(JSON.stringify(answer));
}
