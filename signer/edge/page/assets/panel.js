// The panel with one item of a list: next to the list if there is room, otherwise
// over it.

import { button, element, visible } from './dom.js'

export const narrow = matchMedia('(max-width: 899px)')

export function panel(kind, closed) {
  const title = element('h2', { tabindex: -1 })
  const body = element('div', { class: 'panel-body', tabindex: 0, role: 'group', 'aria-label': `${kind}, in full` })
  let moving = false
  const node = element('dialog', { class: 'panel', 'aria-label': kind, on: {
    close: () => {
      if (moving) moving = false
      else closed()
    },
    keydown: (event) => {
      if (event.key === 'Escape' && !narrow.matches) {
        event.preventDefault()
        node.close()
      }
    },
  } }, element('div', { class: 'bar' }, title, button('Close', 'close', () => node.close(), { class: 'quiet' })), body)
  // A window that becomes narrow or wide switches to the other way.
  narrow.addEventListener('change', () => {
    if (!node.open) return
    moving = true
    node.close()
    narrow.matches ? node.showModal() : node.show()
  })
  return {
    node,
    show(name, ...content) {
      title.textContent = visible(name)
      body.replaceChildren(...content.flat().filter(Boolean))
      body.scrollTop = 0
      if (!node.open) narrow.matches ? node.showModal() : node.show()
      title.focus({ preventScroll: true })
    },
    close() {
      if (node.open) node.close()
    },
    get open() { return node.open },
  }
}
