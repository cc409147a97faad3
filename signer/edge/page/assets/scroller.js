// A list of any length. The document holds only its visible items.

import { element } from './dom.js'

// Scroller shows items in rows of equal height, in as many columns of at least
// minWidth as there is room for (0 for one column). draw creates the node of an
// item, and key identifies the item, so its node is kept while it is visible. Arrow
// keys move the focus; Enter and Space choose.
export class Scroller {
  constructor({ rowHeight, minWidth = 0, gap = 0, draw, key, choose, properties, itemRole }) {
    Object.assign(this, { rowHeight, minWidth, gap, draw, key, choose, itemRole })
    this.items = []
    this.nodes = new Map()
    this.active = 0
    this.room = element('div', { class: 'room', role: 'presentation' })
    this.node = element('div', { class: 'scroller', ...properties, on: {
      scroll: () => this.schedule(),
      keydown: (event) => this.press(event),
      focusin: () => { this.entered = true },
    } }, this.room)
    new ResizeObserver(() => this.schedule()).observe(this.node)
  }

  // set shows other items. The position in the list stays at its item.
  set(items, top) {
    const focused = this.entered ? this.items[this.active] : undefined
    this.items = items
    const at = focused === undefined ? -1 : items.findIndex((item) => this.key(item) === this.key(focused))
    this.active = at >= 0 ? at : this.entered ? Math.min(this.active, Math.max(0, items.length - 1)) : 0
    if (top) {
      this.node.scrollTop = this.active = 0
      this.entered = false
    }
    this.show()
  }

  schedule() {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = undefined
      this.show()
    })
  }

  show() {
    const width = this.node.clientWidth - 2 * this.gap
    const height = this.node.clientHeight
    if (width <= 0 || height === 0) return
    this.columns = this.minWidth ? Math.max(1, Math.floor((width + this.gap) / (this.minWidth + this.gap))) : 1
    const step = this.rowHeight + this.gap
    const rows = Math.ceil(this.items.length / this.columns)
    this.room.style.height = `${rows * step + this.gap}px`
    const first = Math.max(0, Math.floor(this.node.scrollTop / step) - 2)
    const last = Math.min(rows, Math.ceil((this.node.scrollTop + height) / step) + 2)
    const from = first * this.columns
    const to = Math.min(this.items.length, last * this.columns)
    const share = (width - (this.columns - 1) * this.gap) / this.columns
    const focused = document.activeElement
    const keys = new Set()
    for (let i = from; i < to; i++) keys.add(this.key(this.items[i]))
    for (const [key, node] of this.nodes) if (!keys.has(key)) node.remove()
    const seen = new Map()
    let before = null
    for (let i = from; i < to; i++) {
      const item = this.items[i]
      const key = this.key(item)
      let node = this.nodes.get(key)
      if (!node) {
        node = this.draw(item, i)
        node.addEventListener('click', () => this.pick(node))
      }
      node.tabIndex = i === this.active ? 0 : -1
      node.dataset.index = i
      if (this.itemRole === 'option') {
        node.setAttribute('aria-posinset', i + 1)
        node.setAttribute('aria-setsize', this.items.length)
      } else {
        node.setAttribute('aria-rowindex', i + 2)
      }
      node.style.width = `${share}px`
      node.style.height = `${this.rowHeight}px`
      node.style.transform = `translate(${this.gap + (i % this.columns) * (share + this.gap)}px, ${this.gap + Math.floor(i / this.columns) * step}px)`
      seen.set(key, node)
      const next = before ? before.nextSibling : this.room.firstChild
      if (next !== node) this.room.insertBefore(node, next)
      before = node
    }
    this.nodes = seen
    // The active item may be out of view: the Tab key still reaches the
    // list.
    if (to > from && (this.active < from || this.active >= to)) seen.get(this.key(this.items[from])).tabIndex = 0
    if (focused && focused !== document.activeElement && this.room.contains(focused)) focused.focus({ preventScroll: true })
  }

  // redraw recreates every node.
  redraw() {
    for (const node of this.nodes.values()) node.remove()
    this.nodes = new Map()
    this.show()
  }

  pick(node) {
    const index = Number(node.dataset.index)
    this.active = index
    this.show()
    this.choose(this.items[index])
  }

  press(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || !this.columns) return
    const page = Math.max(1, Math.floor(this.node.clientHeight / (this.rowHeight + this.gap))) * this.columns
    const moves = {
      ArrowRight: this.minWidth ? 1 : 0, ArrowLeft: this.minWidth ? -1 : 0, ArrowDown: this.columns, ArrowUp: -this.columns,
      PageDown: page, PageUp: -page, Home: -this.items.length, End: this.items.length,
    }
    if (event.key === 'Enter' || event.key === ' ') {
      event.preventDefault()
      const at = Number(document.activeElement.dataset.index)
      if (this.items[at] !== undefined) {
        this.active = at
        this.choose(this.items[at])
      }
      return
    }
    if (!moves[event.key]) return
    event.preventDefault()
    const from = Number(document.activeElement.dataset.index ?? this.active)
    this.focus(Math.max(0, Math.min(this.items.length - 1, from + moves[event.key])))
  }

  focus(index) {
    if (this.items.length === 0) return
    this.active = index
    const step = this.rowHeight + this.gap
    const top = Math.floor(index / this.columns) * step
    if (top < this.node.scrollTop) this.node.scrollTop = top
    if (top + step + this.gap > this.node.scrollTop + this.node.clientHeight) this.node.scrollTop = top + step + this.gap - this.node.clientHeight
    this.show()
    this.nodes.get(this.key(this.items[index]))?.focus({ preventScroll: true })
  }
}
