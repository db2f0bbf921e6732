/**
 * A single-page app without a back end: authorization code with PKCE (RFC 7636) and tokens bound to a key of this browser (DPoP, RFC 9449), by
 * nothing but WebCrypto. The private key is not extractable: a script that steals a token can do nothing with it elsewhere. Tokens live in memory,
 * so a reload means another trip to Profile, which asks nothing while the person's session there stands.
 */
const settings = await (await fetch('/settings.json')).json();
const server = await (await fetch(`${settings.issuer}/.well-known/openid-configuration`)).json();
const redirectUri = `${location.origin}/`;
const show = (id, text) => {
  const node = document.getElementById(id);
  node.hidden = false;
  if (text !== undefined) node.textContent = text;
};

const bytes = (text) => new TextEncoder().encode(text);
const base64url = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replace(/\+/g, '-')
    .replace(/\//g, '_')
    .replace(/=+$/, '');
const fromBase64url = (text) => Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), (sign) => sign.charCodeAt(0));
const sha256 = async (text) => base64url(await crypto.subtle.digest('SHA-256', bytes(text)));
const random = () => base64url(crypto.getRandomValues(new Uint8Array(32)));

/** Sends the browser to Profile; what must be remembered until it comes back waits in this tab's session storage. */
async function authorize(purpose, extra) {
  // CHECK: a fresh verifier, state and nonce for every attempt.
  const pending = { purpose, verifier: random(), state: random(), nonce: random() };
  sessionStorage.setItem('pending', JSON.stringify(pending));
  const request = {
    client_id: settings.clientId,
    response_type: 'code',
    redirect_uri: redirectUri,
    code_challenge: await sha256(pending.verifier),
    code_challenge_method: 'S256',
    state: pending.state,
    nonce: pending.nonce,
    ...extra,
  };
  location.assign(`${server.authorization_endpoint}?${new URLSearchParams(request)}`);
}

/** A proof for one request (RFC 9449 §4.2). */
async function proof(key, method, url, accessToken, nonce) {
  const { kty, crv, x, y } = await crypto.subtle.exportKey('jwk', key.publicKey);
  const header = { typ: 'dpop+jwt', alg: 'ES256', jwk: { kty, crv, x, y } };
  const payload = {
    jti: random(),
    htm: method,
    htu: url,
    iat: Math.floor(Date.now() / 1000),
    ...(accessToken ? { ath: await sha256(accessToken) } : {}),
    ...(nonce ? { nonce } : {}),
  };
  const input = [header, payload].map((part) => base64url(bytes(JSON.stringify(part)))).join('.');
  return `${input}.${base64url(await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, key.privateKey, bytes(input)))}`;
}

/** A request with its proof; once more when the server wants its nonce in it (RFC 9449 §8). */
async function send(key, url, { method = 'GET', accessToken, body } = {}, nonce = undefined) {
  const answer = await fetch(url, {
    method,
    ...(body ? { body } : {}),
    headers: { DPoP: await proof(key, method, url, accessToken, nonce), ...(accessToken ? { Authorization: `DPoP ${accessToken}` } : {}) },
  });
  const wanted = answer.headers.get('DPoP-Nonce');
  return [400, 401].includes(answer.status) && wanted && !nonce ? send(key, url, { method, accessToken, body }, wanted) : answer;
}

/** CHECK: signature, issuer, audience, life and nonce of the ID token. Returns its claims. */
async function claimsOf(idToken, nonce) {
  const [header, payload, signature] = idToken.split('.');
  const { kid, alg } = JSON.parse(new TextDecoder().decode(fromBase64url(header)));
  const claims = JSON.parse(new TextDecoder().decode(fromBase64url(payload)));
  const jwk = (await (await fetch(server.jwks_uri)).json()).keys.find((each) => each.kid === kid && each.alg === 'ES256');
  const key = alg === 'ES256' && jwk && (await crypto.subtle.importKey('jwk', jwk, { name: 'ECDSA', namedCurve: 'P-256' }, false, ['verify']));
  const signed = key && (await crypto.subtle.verify({ name: 'ECDSA', hash: 'SHA-256' }, key, fromBase64url(signature), bytes(`${header}.${payload}`)));
  const seconds = Date.now() / 1000;
  if (!signed || claims.iss !== settings.issuer || claims.aud !== settings.clientId || claims.nonce !== nonce || claims.exp < seconds - 5)
    throw new Error('ID token');
  return claims;
}

/** The answer in the address: checked, taken out of the history, and redeemed. */
async function comeBack(answer) {
  const pending = JSON.parse(sessionStorage.getItem('pending') ?? '{}');
  sessionStorage.removeItem('pending');
  history.replaceState(null, '', '/');
  // CHECK: our own state, and the issuer we asked (RFC 9207).
  if (!pending.state || answer.get('state') !== pending.state || answer.get('iss') !== settings.issuer) throw new Error('state');
  if (answer.get('error')) throw new Error(answer.get('error'));
  const key = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign']);
  const body = new URLSearchParams({
    grant_type: 'authorization_code',
    client_id: settings.clientId,
    code: answer.get('code'),
    redirect_uri: redirectUri,
    code_verifier: pending.verifier,
  });
  const response = await send(key, server.token_endpoint, { method: 'POST', body });
  const tokens = await response.json();
  if (!response.ok || tokens.token_type !== 'DPoP') throw new Error(tokens.error ?? 'token');
  return { key, pending, tokens, claims: await claimsOf(tokens.id_token, pending.nonce) };
}

const PURPOSES = {
  async signIn({ key, tokens, claims }) {
    const userinfo = await (await send(key, server.userinfo_endpoint, { accessToken: tokens.access_token })).json();
    // CHECK: userinfo is about the same subject.
    if (userinfo.sub !== claims.sub) throw new Error('userinfo');
    show('claims', JSON.stringify({ ...claims, ...userinfo }, undefined, 2));
    show('status', `${userinfo.name}، وارد شده‌اید.`);
  },
  async call({ key, tokens }) {
    const answer = await send(key, settings.api, { accessToken: tokens.access_token });
    show('answer', `${answer.status} ${await answer.text()}`);
    show('status', answer.ok ? 'سابقه شما:' : 'سامانه پاسخ نداد.');
  },
};

// A token is for one audience: one trip for userinfo, another for the API (RFC 8707).
document.getElementById('sign-in').onclick = () => authorize('signIn', { scope: 'openid profile' });
document.getElementById('call').onclick = () => authorize('call', { scope: 'openid pensions.read', resource: settings.resource });

try {
  const answer = new URLSearchParams(location.search);
  if (answer.has('state')) {
    const returned = await comeBack(answer);
    await PURPOSES[returned.pending.purpose](returned);
    show('call');
  } else {
    show('status', 'وارد نشده‌اید.');
    show('sign-in');
  }
} catch (error) {
  show('status', `ورود انجام نشد (${error.message}).`);
  show('sign-in');
}
