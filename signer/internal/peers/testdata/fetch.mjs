// Requests URLs with the named client, each after its mark, all at one address. It reads
// the address and the URLs as JSON. It skips a URL that the client refuses.
import net from 'node:net'
import { text } from 'node:stream/consumers'

const { address, urls } = JSON.parse(await text(process.stdin))
const [host, port] = address.split(':')

// Every host resolves to the one address.
const connect = net.Socket.prototype.connect
net.Socket.prototype.connect = function (...args) {
  const listener = args.flat().find((arg) => typeof arg === 'function')
  return connect.call(this, { host, port: Number(port) }, listener)
}

const clients = {
  fetch: async () => async (url) => (await fetch(url, { redirect: 'manual' })).arrayBuffer(),
  axios: async () => {
    const { default: axios } = await import('axios')
    return (url) => axios.get(url, { proxy: false, maxRedirects: 0 })
  },
  got: async () => {
    const { got } = await import('got')
    return (url) => got(url, { retry: { limit: 0 }, followRedirect: false })
  },
  'node-fetch': async () => {
    const { default: nodeFetch } = await import('node-fetch')
    return async (url) => (await nodeFetch(url, { redirect: 'manual' })).buffer()
  },
}

const get = await clients[process.argv[2]]()
for (const [i, url] of urls.entries()) {
  await get(`http://${address}/mark/${i}`)
  try {
    await get(url)
  } catch {
    // Each library has its own errors.
  }
}
