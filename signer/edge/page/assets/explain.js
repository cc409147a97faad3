// Explains CloudFront's response to a pasted URL or pasted cookies.

import { post } from './api.js'
import { button, element, sentence } from './dom.js'
import { explanationView } from './verdict.js'

export class Explain {
  constructor() {
    const area = (id, rows, properties) => element('textarea', { id, rows, spellcheck: 'false', autocomplete: 'off', autocapitalize: 'off', ...properties })
    const field = (id, label, control, hint) => element('div', { class: 'field' }, element('label', { for: id, text: label }), control, hint && element('p', { class: 'hint', id: `${id}-hint`, text: hint }))
    this.url = area('url', 4, { 'aria-describedby': 'url-hint', placeholder: 'https://d111111abcdef8.cloudfront.net/rt.png?Expires=…' })
    this.cookie = area('cookie', 3, { 'aria-describedby': 'cookie-hint', placeholder: 'CloudFront-Policy=…; CloudFront-Signature=…; CloudFront-Key-Pair-Id=…' })
    this.method = element('select', { id: 'method' }, ['GET', 'HEAD', 'OPTIONS', 'PUT', 'POST', 'PATCH', 'DELETE'].map((text) => element('option', { text })))
    this.address = element('input', { id: 'viewer', autocomplete: 'off', spellcheck: 'false', placeholder: '203.0.113.7', inputmode: 'decimal' })
    this.time = element('input', { id: 'time', type: 'datetime-local', step: 1 })
    this.origin = element('input', { id: 'origin', autocomplete: 'off', spellcheck: 'false', placeholder: 'https://app.example.com', 'aria-describedby': 'origin-hint' })
    this.keys = element('div', { class: 'keys' })
    this.result = element('div', { class: 'answer', 'aria-live': 'polite' })
    this.node = element('section', { class: 'view explain', 'aria-labelledby': 'explain-title' },
      element('div', { class: 'scroll' },
        element('div', { class: 'bar' }, element('h1', { id: 'explain-title', tabindex: -1, text: 'Explain' })),
        element('p', { class: 'lead', text: 'Paste a signed URL or a Cookie header of any distribution. This page says why CloudFront refuses it, which CloudFront does not. Nothing is fetched.' }),
        element('form', { class: 'form', 'aria-labelledby': 'explain-title', on: { submit: (event) => { event.preventDefault(); this.ask() } } },
          field('url', 'URL or Cookie header', this.url, 'Complete, as it was sent.'),
          element('details', { class: 'more' }, element('summary', { text: 'Cookies, keys and the viewer' }),
            field('cookie', 'Cookie header', this.cookie, 'As the browser sent it.'),
            element('div', { class: 'columns' },
              field('method', 'Method', this.method), field('viewer', 'Viewer’s address', this.address),
              field('time', 'Time (now if empty)', this.time), field('origin', 'Origin', this.origin, 'The origin of the requesting page, for CORS.')),
            element('fieldset', {}, element('legend', { text: 'Public keys of another distribution' }), this.keys,
              button('Add a public key', null, () => this.addKey(true), { class: 'quiet' }),
              element('p', { class: 'hint', text: 'The keys that this stack trusts are known. Without its key a signature cannot be checked; everything else is.' }))),
          element('div', { class: 'row' }, element('button', { type: 'submit', class: 'primary' }, element('span', { text: 'Explain' })),
            button('Clear', null, () => this.clear(), { class: 'quiet' }))),
        this.result))
    this.made = 0
  }

  addKey(focus) {
    const n = ++this.made
    const id = element('input', { id: `key-id-${n}`, autocomplete: 'off', spellcheck: 'false', placeholder: 'K2JCJMDEHXQW5F' })
    const pem = element('textarea', { id: `key-pem-${n}`, rows: 4, spellcheck: 'false', autocomplete: 'off', placeholder: '-----BEGIN PUBLIC KEY-----' })
    const row = element('div', { class: 'given' },
      element('div', { class: 'field' }, element('label', { for: id.id, text: 'Key pair id' }), id),
      element('div', { class: 'field' }, element('label', { for: pem.id, text: 'Public key, PEM' }), pem),
      button('Remove', 'close', () => row.remove(), { class: 'quiet' }))
    this.keys.append(row)
    if (focus) id.focus()
  }

  clear() {
    for (const field of this.node.querySelectorAll('input, textarea')) field.value = ''
    this.keys.replaceChildren()
    this.result.replaceChildren()
    this.url.focus()
  }

  show() {}

  hide() {}

  async ask() {
    const keys = [...this.keys.children].map((row) => ({ id: row.querySelector('input').value, pem: row.querySelector('textarea').value }))
    const time = this.time.value && new Date(this.time.value)
    this.result.replaceChildren(element('p', { class: 'hint', text: 'Checking …' }))
    try {
      const x = await post('/api/explanations', {
        url: this.url.value, cookie: this.cookie.value, method: this.method.value, address: this.address.value,
        origin: this.origin.value, time: time && !Number.isNaN(time.getTime()) ? time.toISOString() : '', keys,
      })
      this.result.replaceChildren(element('h2', { class: 'unseen', text: 'What was found' }), explanationView(x))
    } catch (error) {
      this.result.replaceChildren(element('div', { class: 'banner refused' }, element('p', { class: 'outcome', text: sentence(error.message) })))
    }
    this.forgetKeys()
  }

  // forgetKeys clears each field into which a private key was pasted.
  forgetKeys() {
    for (const field of this.node.querySelectorAll('input, textarea')) if (field.value.includes('PRIVATE KEY')) field.value = ''
  }
}
