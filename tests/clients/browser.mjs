// A browser without a window, driven by its own protocol (https://chromedevtools.github.io/devtools-protocol): a few calls of it suffice.

import { spawn } from 'node:child_process'

/** Starts the browser of the environment (BROWSER) with a folder for its profile. Returns a function that opens a tab of a page. */
export function launch(profile) {
  // Messages go by two pipes, each with NUL at its end. The browser ends with them, however this program ends.
  const browser = spawn(process.env.BROWSER, [
    '--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-component-update',
    '--remote-debugging-pipe', `--user-data-dir=${profile}`, 'about:blank',
  ], { stdio: ['ignore', 'ignore', 'inherit', 'pipe', 'pipe'] })
  for (const end of ['error', 'exit']) {
    browser.on(end, (why) => {
      console.error(`${process.env.BROWSER} ended: ${why}`)
      process.exit(1)
    })
  }
  const [, , , input, output] = browser.stdio
  const calls = []
  let came = ''
  output.setEncoding('utf8').on('data', (more) => {
    const messages = (came + more).split('\0')
    came = messages.pop()
    for (const message of messages) {
      const { id, result, error } = JSON.parse(message)
      if (error) calls[id].failed(new Error(error.message))
      else calls[id]?.done(result)
    }
  })
  const call = (method, params, sessionId) =>
    new Promise((done, failed) => {
      const id = calls.push({ done, failed }) - 1
      input.write(`${JSON.stringify({ id, method, params, sessionId })}\0`)
    })

  return async function open(page) {
    const { targetId } = await call('Target.createTarget', { url: 'about:blank' })
    const { sessionId } = await call('Target.attachToTarget', { targetId, flatten: true })
    await call('Page.navigate', { url: page }, sessionId)
    return {
      close: () => call('Target.closeTarget', { targetId }),
      /** What an expression comes to there. */
      async run(expression) {
        const asked = { expression, awaitPromise: true, returnByValue: true }
        const { result, exceptionDetails } = await call('Runtime.evaluate', asked, sessionId)
        if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text)
        return result.value
      },
    }
  }
}
