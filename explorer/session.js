// Who is signed in: a token for every call, prolonged before it ends. It is kept in memory alone, and goes with the page.

const SIGN_IN = `mutation SignIn($input: SignInInput!) {
  signIn(input: $input) { accessToken expiresAt refreshToken viewer { ...Who } userErrors { code message } }
}
fragment Who on Viewer { user { name } grants { role { name } office { name } agency { name } } }`;

const REFRESH = `mutation Refresh($input: RefreshSessionInput!) {
  refreshSession(input: $input) { accessToken expiresAt refreshToken userErrors { code message } }
}`;

const SIGN_OUT = 'mutation { signOut { userErrors { code } } }';

/** A new idempotency key. `crypto.randomUUID` is there on HTTPS only. */
const newKey = () => Array.from(crypto.getRandomValues(new Uint32Array(4)), number => number.toString(36)).join('-');

/** How long before its end a token is prolonged, in milliseconds. */
const MARGIN = 30_000;

export class Session {
  #url;
  #held;
  #listeners = new Set();
  // One refresh at a time: a refresh token is good once.
  #refreshing;

  constructor(url) {
    this.#url = url;
  }

  /** Who is signed in, as the server says; `undefined` when nobody is. */
  who = () => this.#held?.viewer;

  /** Calls it whenever somebody else is signed in; what it returns ends that. */
  subscribe = listener => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Signs somebody in. What is to be mended, as `{ code, message }`: `TOTP_REQUIRED` asks for a code; nothing when they are in. */
  async signIn(username, password, totpCode) {
    const input = { username, password, totpCode: totpCode || null, idempotencyKey: newKey() };
    const { signIn } = await this.#askAgain(SIGN_IN, { input });
    if (!signIn.accessToken) return signIn.userErrors[0];
    this.#keep(signIn);
  }

  /** Ends the session, on the server too. */
  async signOut() {
    const token = await this.token().catch(() => undefined);
    this.#keep(undefined);
    if (token) await this.#ask(SIGN_OUT, {}, token);
  }

  /** A token that is good now; `undefined` when nobody is signed in, or the session is over. */
  async token() {
    if (!this.#held || this.#held.until - MARGIN > Date.now()) return this.#held?.accessToken;
    this.#refreshing ??= this.#refresh(this.#held).finally(() => (this.#refreshing = undefined));
    await this.#refreshing;
    return this.#held?.accessToken;
  }

  /** To be called when the server takes the token no more: the next call asks for another. */
  doubt() {
    if (this.#held) this.#held.until = 0;
  }

  async #refresh({ refreshToken, refreshKey, viewer }) {
    const { refreshSession } = await this.#askAgain(REFRESH, { input: { refreshToken, idempotencyKey: refreshKey } });
    this.#keep(refreshSession.accessToken ? { ...refreshSession, viewer } : undefined);
  }

  #keep(held) {
    const changed = this.#held?.viewer !== held?.viewer;
    // The key of the next refresh: whoever calls after a lost answer sends the same one.
    this.#held = held && { ...held, until: Date.parse(held.expiresAt), refreshKey: newKey() };
    if (changed) for (const listener of this.#listeners) listener();
  }

  // Once more after a lost answer: with its idempotency key it is the same call.
  #askAgain(query, variables) {
    return this.#ask(query, variables).catch(() => this.#ask(query, variables));
  }

  // Without a token, but to sign out: one that has ended would be refused before anything is read.
  async #ask(query, variables, token) {
    const headers = { 'content-type': 'application/json' };
    if (token) headers.authorization = `Bearer ${token}`;
    const answer = await fetch(this.#url, { method: 'POST', headers, body: JSON.stringify({ query, variables }) });
    const { data, errors } = await answer.json();
    if (!data || errors) throw new Error(errors?.[0]?.message ?? `HTTP ${answer.status}`);
    return data;
  }
}
