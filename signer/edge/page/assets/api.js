// Requests to the program that serves this page. Each has the token of the run in a
// header.

const kept = 'signedfront token'

// takeToken removes the token from the address, so that no bookmark has it.
export function takeToken() {
  const found = /^#token=([^&]+)/.exec(location.hash)
  if (found) {
    localStorage.setItem(kept, decodeURIComponent(found[1]))
    history.replaceState(null, '', '/#/files')
  }
  return localStorage.getItem(kept) !== null
}

// Refused is an error response with its message.
export class Refused extends Error {
  constructor(status, message) {
    super(message)
    this.status = status
  }
}

async function request(path, options = {}) {
  let response
  try {
    response = await fetch(path, { ...options, headers: { ...options.headers, 'X-Signedfront-Token': localStorage.getItem(kept) ?? '' } })
  } catch (error) {
    if (error.name === 'AbortError') throw error
    throw new Refused(0, 'no answer from signedfront, which has stopped. Start it again, and open the address that it prints')
  }
  if (response.ok) return response
  let message = `the page's server answers ${response.status}`
  try {
    message = (await response.json()).error
  } catch { /* not JSON: the status says it */ }
  if (response.status === 401) window.dispatchEvent(new Event('locked'))
  throw new Refused(response.status, message)
}

export const get = async (path, signal) => (await request(path, { signal })).json()

export const post = async (path, body, signal) => (await request(path, {
  method: 'POST', body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' }, signal,
})).json()

// lines calls take with each line of JSON as it arrives, until the response ends.
export async function lines(path, take, signal) {
  const response = await request(path, { signal })
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
  for (let rest = ''; ;) {
    const { value, done } = await reader.read()
    if (done) return
    const parts = (rest + value).split('\n')
    rest = parts.pop()
    for (const part of parts) if (part) take(JSON.parse(part))
  }
}
