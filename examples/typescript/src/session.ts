// Who we are: a token for every call, prolonged before it ends.
import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { type TypedDocumentNode } from '@graphql-typed-document-node/core'
import { print } from 'graphql'
import { Refresh, SignIn } from './documents.js'

/** Trying again does not help: somebody has to sign in. */
export class Refused extends Error {}

interface Tokens {
  accessToken: string | null
  expiresAt: string | null
  refreshToken: string | null
  userErrors: { message: string }[]
}

/** How long before its end a token is prolonged. */
const MARGIN = 30_000

export class Session {
  #url: string
  // The key goes with every attempt to use the refresh token: after a lost answer the same one is given again.
  #held: { accessToken: string; expiresAt: number; refreshToken: string; refreshKey: string } | undefined
  // One at a time: a refresh token is good once.
  #waiting: Promise<string> | undefined

  constructor(url: string) {
    this.#url = url
  }

  async signIn(username: string, password: string, totpCode?: string): Promise<void> {
    const { signIn } = await this.#ask(SignIn, { input: { username, password, totpCode } })
    this.#keep(signIn)
  }

  /** A token that is good now. */
  token(): Promise<string> {
    if (this.#held && this.#held.expiresAt - MARGIN > Date.now()) return Promise.resolve(this.#held.accessToken)
    return (this.#waiting ??= this.#prolong().finally(() => (this.#waiting = undefined)))
  }

  /** Call this when the server says that the token is good no more: the next call asks for another. */
  doubt(): void {
    if (this.#held) this.#held.expiresAt = 0
  }

  async #prolong(): Promise<string> {
    if (!this.#held) throw new Refused('sign in first')
    const { refreshToken, refreshKey } = this.#held
    for (let wait = 500; ; wait *= 2) {
      try {
        const { refreshSession } = await this.#ask(Refresh, { input: { refreshToken, idempotencyKey: refreshKey } })
        return this.#keep(refreshSession)
      } catch (why) {
        if (why instanceof Refused || wait > 4_000) throw why
      }
      await pause(wait)
    }
  }

  #keep(tokens: Tokens | null | undefined): string {
    if (!tokens?.accessToken || !tokens.expiresAt || !tokens.refreshToken) {
      this.#held = undefined
      throw new Refused(tokens?.userErrors[0]?.message ?? 'not signed in')
    }
    const { accessToken, expiresAt, refreshToken } = tokens
    this.#held = { accessToken, expiresAt: Date.parse(expiresAt), refreshToken, refreshKey: randomUUID() }
    return accessToken
  }

  // Without the Authorization header: a token that has ended would be refused before anything is read.
  async #ask<Data, Variables>(document: TypedDocumentNode<Data, Variables>, variables: Variables): Promise<Data> {
    const body = JSON.stringify({ query: print(document), variables })
    const headers = { 'content-type': 'application/json' }
    const answer = await fetch(this.#url, { method: 'POST', headers, body }).catch((why) => {
      throw new Error(`${this.#url} does not answer: ${why.cause?.message ?? why.message}`)
    })
    const { data, errors } = (await answer.json()) as { data?: Data; errors?: { message: string; extensions: { code: string } }[] }
    const passing = ['TIMEOUT', 'UNAVAILABLE', 'INTERNAL']
    if (errors?.some((one) => passing.includes(one.extensions.code))) throw new Error(errors[0]?.message)
    if (!data) throw new Refused(errors?.[0]?.message ?? `HTTP ${answer.status}`)
    return data
  }
}
