// The access path: what a request passes on its way to an object, for each cache
// behavior, and where it stops.

import { get } from './api.js'
import { button, drawing, element, icon, sentence, visible } from './dom.js'
import { facts } from './verdict.js'

const words = { good: 'Open', broken: 'Broken', warning: 'Warning' }
const shapes = { good: 'passed', broken: 'failed', warning: 'warning' }

export class Access {
  constructor() {
    this.body = element('div', { class: 'lanes' })
    this.node = element('section', { class: 'view access', 'aria-labelledby': 'access-title' },
      element('div', { class: 'scroll' },
        element('div', { class: 'bar' }, element('h1', { id: 'access-title', tabindex: -1, text: 'Access path' }), button('Reload', null, () => this.load(), { class: 'quiet' })),
        element('p', { class: 'lead', text: 'The path of a request to an object, for each cache behavior of the template, in CloudFront’s order. The first behavior whose pattern matches is chosen.' }),
        this.body))
    new ResizeObserver(() => this.draw()).observe(this.body)
  }

  show() { this.load() }

  hide() {}

  async load() {
    try {
      this.path = await get('/api/access')
      this.width = 0
      this.draw()
    } catch (error) {
      this.body.replaceChildren(element('div', { class: 'empty' }, element('p', { text: `The access path cannot be drawn: ${error.message}` }), button('Try again', null, () => this.load())))
    }
  }

  draw() {
    const width = this.body.clientWidth
    if (!this.path || !width || width === this.width) return
    this.width = width
    this.body.replaceChildren(...this.path.lanes.map((lane, i) => this.lane(lane, i)), ...this.path.notes.map((note) => element('p', { class: 'note', text: visible(note) })))
  }

  lane(lane, i) {
    const state = lane.links.some((l) => l.state === 'broken') ? 'broken' : lane.links.some((l) => l.state === 'warning') ? 'warning' : 'good'
    const faults = lane.links.filter((l) => l.reason)
    return element('figure', { class: `lane ${state}`, 'aria-labelledby': `lane-${i}` },
      element('figcaption', { id: `lane-${i}` }, element('code', { text: visible(lane.pattern) }), element('span', { class: `mark ${state}` }, icon(shapes[state]), element('span', { text: words[state] }))),
      this.drawing(lane),
      faults.length > 0 && element('ul', { class: 'faults' }, faults.map((l) => element('li', { class: l.state }, icon(shapes[l.state]), element('span', {}, element('strong', { text: `${l.at}: ` }), sentence(l.reason))))),
      element('details', { class: 'more' }, element('summary', { text: 'In words' }), element('dl', { class: 'facts' }, facts(lane.stops.map((s) => [s.title, [s.text, ...(s.lines ?? [])].filter(Boolean).join('\n')])))))
  }

  // drawing draws the stops of a lane from left to right, or from top to
  // bottom if the window is too narrow. Link i leads to stop i + 1.
  drawing(lane) {
    const wide = this.width >= 1000
    const n = lane.stops.length
    const gap = wide ? 44 : 40
    const boxWidth = wide ? (this.width - 2 - (n - 1) * gap) / n : Math.min(this.width - 2, 420)
    const most = Math.max(1, ...lane.stops.map((s) => lineCount(s)))
    const heightOf = (s) => 44 + 18 * (wide ? most : lineCount(s))
    const letters = Math.floor((boxWidth - 24) / 7)
    const svg = drawing('svg', { class: 'path', role: 'img', 'aria-label': spoken(lane) })
    let x = 1
    let y = 1
    lane.stops.forEach((stop, i) => {
      const height = heightOf(stop)
      const broken = lane.links[i - 1]?.state === 'broken'
      svg.append(drawing('g', { class: `stop ${stop.state ?? ''} ${broken ? 'unreached' : ''}`, transform: `translate(${x} ${y})` },
        drawing('rect', { width: boxWidth, height, rx: 8 }),
        drawing('text', { class: 'title', x: 12, y: 21, text: stop.title }),
        ...[stop.text, ...(stop.lines ?? [])].filter(Boolean).slice(0, 6).map((line, row) => drawing('text', { class: row ? 'line' : 'line first', x: 12, y: 42 + 18 * row },
          drawing('title', { text: visible(line) }), shortened(visible(line), letters)))))
      const link = lane.links[i]
      if (!link) return
      svg.append(wide ? arrow(link, x + boxWidth, y + height / 2, gap, false) : arrow(link, x + 28, y + height, gap, true))
      if (wide) x += boxWidth + gap
      else y += height + gap
    })
    const height = wide ? heightOf(lane.stops[0]) + 2 : y + heightOf(lane.stops[n - 1]) + 2
    const width = wide ? this.width : boxWidth + 2
    svg.setAttribute('viewBox', `0 0 ${width} ${height}`)
    svg.setAttribute('width', width)
    svg.setAttribute('height', height)
    return svg
  }
}

const lineCount = (stop) => Math.min(6, [stop.text, ...(stop.lines ?? [])].filter(Boolean).length)
const shortened = (text, letters) => text.length > letters ? `${text.slice(0, Math.max(1, letters - 1))}…` : text

// arrow draws a link, with a gap and a cross if it is broken.
function arrow(link, x, y, length, down) {
  const g = drawing('g', { transform: down ? 'rotate(90)' : null })
  const end = length - 3
  if (link.state === 'broken') {
    g.append(drawing('path', { d: `M3 0H${length / 2 - 9}M${length / 2 + 9} 0H${end}` }), drawing('path', { class: 'cross', d: `M${length / 2 - 5} -5l10 10m0 -10l-10 10` }))
  } else {
    g.append(drawing('path', { d: `M3 0H${end}` }), drawing('path', { d: `M${end - 6} -5l6 5l-6 5` }))
  }
  const sign = link.state === 'warning' && drawing('path', { class: 'sign', d: down ? `M10 ${length / 2 - 6}v6m0 4v.2` : `M${length / 2} -16v6m0 4v.2` })
  return drawing('g', { class: `link ${link.state}`, transform: `translate(${x} ${y})` }, g, sign)
}

// spoken returns the drawing as a sentence.
function spoken(lane) {
  const broken = lane.links.find((l) => l.state === 'broken')
  const stops = lane.stops.map((s) => `${s.title} ${s.text ?? ''}`.trim()).join(', then ')
  return visible(`${stops}. ${broken ? `Broken at ${broken.at}: ${broken.reason}` : 'Every link works.'}`)
}
