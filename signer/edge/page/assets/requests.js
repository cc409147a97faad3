// The requests that the edge answers, as they arrive.

import { get, lines } from './api.js'
import { button, count, element, icon, moment, sentence, visible } from './dom.js'
import { panel } from './panel.js'
import { Scroller } from './scroller.js'
import { explanationView } from './verdict.js'

const kept = 1000

// seen waits until the page is visible.
const seen = () => new Promise((resolve) => {
  const look = () => {
    if (document.hidden) return
    document.removeEventListener('visibilitychange', look)
    resolve()
  }
  document.addEventListener('visibilitychange', look)
  look()
})

export class Requests {
  constructor(changed) {
    this.changed = changed // the edge was swapped
    this.requests = []
    this.waiting = []
    this.paused = false
    this.words = element('input', { type: 'search', id: 'filter', placeholder: 'Filter by any word', autocomplete: 'off', spellcheck: 'false', on: { input: () => this.asked() } })
    this.kind = element('select', { id: 'verdicts', 'aria-label': 'Verdict', on: { change: () => this.asked() } },
      [['all', 'All verdicts'], ['allowed', 'Allowed'], ['refused', 'Refused'], ['hidden', 'Hidden by browser']].map(([value, text]) => element('option', { value, text })))
    this.own = element('input', { type: 'checkbox', id: 'own', on: { change: () => this.asked() } })
    this.pause = button('Pause', null, () => this.toggle(), { class: 'quiet', 'aria-pressed': 'false' })
    this.total = element('p', { class: 'count', role: 'status' })
    this.empty = element('div', { class: 'empty' })
    this.scroller = new Scroller({
      rowHeight: 52, key: (r) => r.id, draw: (r) => this.row(r), choose: (r) => { location.hash = `#/requests/${r.id}` },
      properties: { role: 'grid', 'aria-label': 'Requests', class: 'scroller rows' },
    })
    this.scroller.room.setAttribute('role', 'rowgroup')
    this.scroller.node.prepend(element('div', { role: 'rowgroup', class: 'heads' }, element('div', { role: 'row', class: 'cells', 'aria-rowindex': 1 },
      ['Verdict', 'Request', 'Behavior', 'Key', 'Object', 'Time'].map((text) => element('span', { role: 'columnheader', class: text.toLowerCase(), text })))))
    this.panel = panel('Request', () => this.close())
    this.node = element('section', { class: 'view', 'aria-labelledby': 'requests-title' },
      element('div', { class: 'list' },
        element('div', { class: 'bar' },
          element('h1', { id: 'requests-title', tabindex: -1, text: 'Requests' }),
          element('div', { class: 'field search' }, element('label', { for: 'filter', class: 'unseen', text: 'Filter requests' }), icon('search'), this.words),
          this.kind, this.pause,
          button('Clear', null, () => this.clear(), { class: 'quiet' })),
        element('div', { class: 'bar under' },
          element('label', { class: 'check' }, this.own, element('span', { text: 'This page’s previews too' })), this.total),
        this.empty, this.scroller.node),
      this.panel.node)
    this.follow()
  }

  // follow reads requests while the page is visible. A browser has six
  // connections to a server, which many tabs would use up.
  async follow() {
    for (let last = 0, wait = 500; ;) {
      const left = new AbortController()
      const look = () => document.hidden && left.abort()
      document.addEventListener('visibilitychange', look)
      try {
        await lines(`/api/requests?after=${last}`, (message) => {
          wait = 500
          if (this.down) {
            this.down = false
            this.asked()
          }
          if (message.swapped) this.changed()
          if (!message.requests) return
          last = message.requests.at(-1).id
          this.take(message.requests)
        }, left.signal)
      } catch (error) {
        if (error.status === 401) return
        if (!left.signal.aborted && !this.down) {
          this.down = true
          this.asked()
        }
      } finally {
        document.removeEventListener('visibilitychange', look)
      }
      if (left.signal.aborted) {
        await seen()
        this.changed() // the edge may have been, meanwhile
        continue
      }
      await new Promise((resolve) => setTimeout(resolve, wait))
      wait = Math.min(wait * 2, 8000)
      if (this.down) last = 0 // signedfront may have been started anew
    }
  }

  take(requests) {
    // A screen reader announces the number of matches of a filter, not
    // each new request.
    this.total.setAttribute('aria-live', 'off')
    if (this.paused) {
      this.waiting = [...requests.reverse(), ...this.waiting].slice(0, kept)
      this.told()
      return
    }
    if (this.requests.length && requests[0].id <= this.requests[0].id) this.requests = []
    this.requests = [...requests.reverse(), ...this.requests].slice(0, kept)
    this.filter()
  }

  toggle() {
    this.paused = !this.paused
    this.pause.setAttribute('aria-pressed', String(this.paused))
    this.pause.lastChild.textContent = this.paused ? 'Resume' : 'Pause'
    if (!this.paused) {
      const waiting = this.waiting.reverse()
      this.waiting = []
      if (waiting.length) this.take(waiting)
    }
    this.told()
  }

  clear() {
    this.requests = []
    this.filter()
    this.words.focus()
  }

  // asked applies the filter and announces the result.
  asked() {
    this.total.setAttribute('aria-live', 'polite')
    this.filter()
  }

  filter() {
    const words = this.words.value.toLowerCase().split(/\s+/).filter(Boolean)
    const kind = this.kind.value
    this.found = this.requests.filter((r) => (this.own.checked || !r.own) &&
      (kind === 'all' || (kind === 'hidden' ? r.hidden : r.verdict === kind)) && words.every((word) => this.textOf(r).includes(word)))
    this.told()
    this.empty.hidden = this.found.length > 0
    this.scroller.node.hidden = this.found.length === 0
    if (this.found.length === 0) {
      const all = this.requests.filter((r) => this.own.checked || !r.own).length
      this.empty.replaceChildren(...(this.down ? [element('p', { text: 'signedfront does not answer.' }), element('p', { class: 'hint', text: 'Start it again, and open the address that it prints.' })]
        : all ? [element('p', { text: 'No request matches the filter.' })]
          : [element('p', { text: 'No requests yet.' }), element('p', { class: 'hint' }, 'Open a link from ', element('a', { href: '#/files', text: 'Files' }), ', or send the edge a request from anywhere: each appears here with its response and the reason.')]))
    }
    this.scroller.set(this.found)
  }

  textOf(r) {
    r.text ??= [r.verdict, r.status, r.code, r.reason, r.method, r.path, r.behavior, r.key, r.object, r.address, r.hidden && 'hidden cors'].join(' ').toLowerCase()
    return r.text
  }

  told() {
    if (this.down) {
      this.total.textContent = 'Not connected: signedfront does not answer'
      return
    }
    this.total.textContent = (this.found ? count(this.found.length, 'request') : '') + (this.paused ? `, paused; ${this.waiting.length} more` : '')
  }

  row(r) {
    const cell = (name, ...content) => element('span', { role: 'gridcell', class: name }, ...content)
    return element('div', { role: 'row', class: `cells ${r.verdict}`, data: { id: r.id }, 'aria-selected': String(this.opened === r.id) },
      cell('verdict', icon(r.verdict === 'allowed' ? 'passed' : 'failed'), element('span', {},
        element('strong', { text: r.verdict === 'allowed' ? 'Allowed' : 'Refused' }), element('span', { class: 'code', text: ` ${[r.status, r.code].filter(Boolean).join(' ')}` })),
        r.hidden && element('span', { class: 'tag', title: 'A browser hides the response from the page that requested it' }, icon('hidden'), 'CORS')),
      cell('request', element('span', { class: 'path', text: `${r.method} ${visible(r.path)}` }), r.reason && element('span', { class: 'why', text: visible(r.reason) })),
      cell('behavior', visible(r.behavior || '')), cell('key', r.key || ''), cell('object', visible(r.object || '')),
      cell('time', element('time', { datetime: r.time, text: moment(r.time) })))
  }

  async show(rest) {
    this.scroller.show()
    if (!this.found) this.filter()
    if (!rest) {
      this.panel.close()
      return
    }
    const id = Number(rest) || 0 // no request has this one
    this.select(id)
    try {
      const x = await get(`/api/requests/${id}`)
      if (this.opened === id) this.panel.show(`${x.request.find(([name]) => name === 'Method')[1]} ${x.path}`, explanationView(x))
    } catch (error) {
      if (this.opened === id) this.panel.show('Request', element('div', { class: 'empty' }, element('p', { text: sentence(error.message) })))
    }
  }

  hide() {
    this.select(null) // what is still on its way is not shown over another view
    this.panel.close()
  }

  select(id) {
    this.opened = id
    for (const row of this.scroller.room.children) row.setAttribute('aria-selected', String(Number(row.dataset.id) === id))
  }

  close() {
    const id = this.opened
    if (id === null) return // another view is shown
    this.select(null)
    if (location.hash.startsWith('#/requests/')) location.hash = '#/requests'
    const at = this.found?.findIndex((r) => r.id === id) ?? -1
    if (at >= 0) this.scroller.focus(at)
    else this.words.focus() // the request is not in the list any more
  }
}
