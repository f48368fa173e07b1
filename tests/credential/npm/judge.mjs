// Judges what the certificates service made, with code that others wrote. Reads the case on stdin, writes
// the verdicts on stdout. Every document is local: whatever else is asked for is an error.

import {text} from 'node:stream/consumers';
import {DataIntegrityProof} from '@digitalbazaar/data-integrity';
import {cryptosuite} from '@digitalbazaar/eddsa-rdfc-2022-cryptosuite';
import {verifyCredential} from '@digitalbazaar/vc';
import {checkStatus} from '@digitalbazaar/vc-bitstring-status-list';
import {importJWK, jwtVerify} from 'jose';

const {contexts, didDocument, tokens, statusToken, documents} = JSON.parse(await text(process.stdin));

const methods = new Map(didDocument.verificationMethod.map(method => [method.id, method]));

async function verifyToken(token) {
  const keyOf = ({kid}) => importJWK(methods.get(kid).publicKeyJwk, 'ES256');
  const {payload} = await jwtVerify(token, keyOf, {
    algorithms: ['ES256'], typ: 'vc+jwt', issuer: didDocument.id, currentDate: new Date('2026-11-25T00:00:00Z')
  });
  return payload;
}

async function verdictOnToken(token) {
  try {
    return (await verifyToken(token)).credentialSubject.identifier[0].identityHash;
  } catch(error) {
    return {refused: error.code ?? error.name};
  }
}

const statusList = await verifyToken(statusToken);

const documentsByUrl = new Map([
  ...Object.entries(contexts),
  [didDocument.id, didDocument],
  [statusList.id, statusList],
  ...[...methods].map(([id, method]) => [id, {'@context': 'https://w3id.org/security/multikey/v1', ...method}])
]);

async function documentLoader(url) {
  const document = documentsByUrl.get(url);
  if(document === undefined) {
    throw new Error(`nothing is fetched, but ${url} was asked for`);
  }
  return {contextUrl: null, documentUrl: url, document};
}

async function verdictOnDocument(credential) {
  const status = {};
  const result = await verifyCredential({
    credential,
    suite: new DataIntegrityProof({cryptosuite}),
    documentLoader,
    now: new Date('2026-11-25T00:00:00Z'),
    checkStatus: async options => {
      const checked = await checkStatus({...options, verifyBitstringStatusListCredential: false});
      status.revoked = checked.results?.[0]?.status;
      return checked;
    }
  });
  const errors = (result.error?.errors ?? [result.error]).filter(Boolean).map(error => error.message);
  return {verified: result.verified, revoked: status.revoked, errors};
}

const verdicts = {
  tokens: Object.fromEntries(await Promise.all(
    Object.entries(tokens).map(async ([name, token]) => [name, await verdictOnToken(token)])
  )),
  documents: {}
};
for(const [name, document] of Object.entries(documents)) {
  verdicts.documents[name] = await verdictOnDocument(document);
}
process.stdout.write(JSON.stringify(verdicts));
