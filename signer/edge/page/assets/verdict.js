// The response to a request and the reason: one view for received requests and
// pasted URLs.

import { copy, button, distance, element, icon, moment, sentence, visible } from './dom.js'

const results = { passed: 'Passed', failed: 'Failed', 'not made': 'Not needed', 'not reached': 'Not reached', 'not known': 'Not known' }
const shapesOf = { passed: 'passed', failed: 'failed', 'not made': 'skipped', 'not reached': 'skipped', 'not known': 'unknown' }
const verdicts = { allowed: ['passed', 'Allowed'], refused: ['failed', 'Refused'], unknown: ['unknown', 'Not known'] }

// mark shows a verdict with its icon and word.
export function mark(verdict, more = '') {
  const [shape, word] = verdicts[verdict]
  return element('span', { class: `mark ${verdict}` }, icon(shape), element('span', { text: more ? `${word} ${more}` : word }))
}

// explanationView shows an explanation from the server.
export function explanationView(x) {
  const said = [x.status || '', x.code].filter(Boolean).join(' ')
  return element('div', { class: 'explanation' },
    element('div', { class: `banner ${x.verdict}` },
      element('p', { class: 'outcome' }, mark(x.verdict), said && element('code', { text: said })),
      x.detail && element('p', { text: sentence(x.detail) }),
      !x.certain && element('p', { class: 'doubt', text: 'What CloudFront does here is unknown: this is the strict reading.' }),
    ),
    x.hidden && element('div', { class: 'banner hidden' },
      element('p', { class: 'outcome' }, element('span', { class: 'mark' }, icon('hidden'), element('span', { text: 'Hidden by the browser' }))),
      element('p', { text: sentence(x.hidden) })),
    x.note && element('p', { class: 'note', text: x.note }),
    x.difference && differenceView(x.difference),
    section('Checks, in CloudFront’s order', element('ol', { class: 'checks' }, x.checks.map(checkView))),
    x.policy && section(`Policy, from the ${x.policy.from}`, policyView(x.policy)),
    section('Request', element('dl', { class: 'facts' }, facts(x.request))),
  )
}

function section(title, ...content) {
  return element('section', {}, element('h3', { text: title }), ...content)
}

function checkView(c) {
  return element('li', { class: c.result.replace(' ', '-') },
    icon(shapesOf[c.result]), element('div', {},
      element('p', {}, element('strong', { text: c.name }), ' ', element('span', { class: 'became', text: results[c.result] })),
      c.text && element('p', { class: 'why', text: sentence(c.text) })))
}

// facts lists names with values, without empty values.
export function facts(list) {
  return list.filter(([, value]) => value).flatMap(([name, value]) => [
    element('dt', { text: name }),
    element('dd', {}, value instanceof Node ? value : element('span', { class: 'value', text: visible(value) }))])
}

function policyView(p) {
  const time = (text) => text && element('span', {}, element('time', { datetime: text, text: moment(text) }), ` (${distance(text)})`)
  const list = element('dl', { class: 'facts' }, facts([
    ['Kind', p.kind === 'canned' ? 'canned: CloudFront rebuilds it from the URL and the expiry' : 'custom: it travels with the request'],
    ['Resource', p.resource], ['Not before', time(p.notBefore)], ['Expires', time(p.expires)],
    ['Address', p.address], ['Key pair id', p.keyPairId],
  ]))
  return element('div', {}, list, p.text && element('details', {}, element('summary', { text: 'As it was signed' }), element('pre', { tabindex: 0, text: pretty(p.text) })))
}

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2)
  } catch {
    return visible(text)
  }
}

const encoder = new TextEncoder()
const hex = (c) => c === undefined ? 'nothing' : `${[...encoder.encode(c)].map((b) => b.toString(16).toUpperCase().padStart(2, '0')).join(' ')} “${visible(c)}”`

// differenceView shows two URLs, one above the other, with lines that break at the
// same places. It marks the differences.
export function differenceView(d) {
  const signed = [...d.signed]
  const arrived = [...d.arrived]
  let at = 0 // the character of byte d.offset
  for (let bytes = 0; at < arrived.length && bytes + encoder.encode(arrived[at]).length <= d.offset; at++) bytes += encoder.encode(arrived[at]).length
  let end = 0 // characters at the end that are alike
  if (!d.wildcards) {
    while (end < Math.min(signed.length, arrived.length) - at && signed[signed.length - 1 - end] === arrived[arrived.length - 1 - end]) end++
  }
  // If much differs, it marks only the start of the difference.
  const first = d.wildcards || Math.max(signed.length, arrived.length) - at - end > 40
  const marked = (text, from, to) => element('mark', { text: visible(text.slice(from, to).join('')) || '\u00a0' })
  const line = (text) => {
    const to = Math.max(at, text.length - end)
    return [element('span', { text: visible(text.slice(0, at).join('')) }), marked(text, at, first ? Math.min(at + 1, text.length) : to),
      element('span', { text: visible(text.slice(first ? at + 1 : to).join('')) })]
  }
  return section('Where the URL differs',
    element('div', { class: 'difference' },
      element('p', { class: 'label', text: d.wildcards ? 'Signed, with wildcards' : 'Signed' }), element('p', { class: 'url', data: { url: 'signed' } }, line(signed)),
      element('p', { class: 'label', text: 'Arrived' }), element('p', { class: 'url', data: { url: 'arrived' } }, line(arrived))),
    element('p', { class: 'why', text: `Byte ${d.offset}: ${d.wildcards ? '' : `signed as ${hex(signed.slice(at, Math.max(at, signed.length - end))[0])}, `}arrived as ${hex(arrived.slice(at, Math.max(at, arrived.length - end))[0])}.${d.note ? ` ${d.note}` : ''}` }),
    !d.wildcards && element('div', { class: 'row' }, button('Copy the URL as it was signed', 'copy', () => copy(d.whole || d.signed, 'The URL'), { class: 'quiet' })))
}
