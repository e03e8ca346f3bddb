// A server, as the scripts ask it.

export class Server {
  constructor(url, token) {
    Object.assign(this, { url, token })
  }

  /** The answer to an operation. */
  async answer(query, variables) {
    const headers = { 'content-type': 'application/json', accept: 'application/graphql-response+json', authorization: `Bearer ${this.token}` }
    const response = await fetch(this.url, { method: 'POST', headers, body: JSON.stringify({ query, variables }) })
    return response.json()
  }

  /** The data of an operation without errors. */
  async data(query, variables = {}) {
    const answer = await this.answer(query, variables)
    if (answer.errors) throw new Error(`${query}: ${JSON.stringify(answer.errors)}`)
    return answer.data
  }
}
