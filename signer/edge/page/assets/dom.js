// Elements of the page. All text is set as textContent, so text from requests,
// files and templates is never parsed as HTML.

// element creates an element. In its properties, on has listeners, data has data
// attributes, and text is its text. The others are attributes; null and false ones
// are left out.
export function element(tag, properties = {}, ...children) {
  return fill(document.createElement(tag), properties, children)
}

// drawing is element for SVG.
export function drawing(tag, properties = {}, ...children) {
  return fill(document.createElementNS('http://www.w3.org/2000/svg', tag), properties, children)
}

function fill(node, properties, children) {
  for (const [name, value] of Object.entries(properties)) {
    if (name === 'on') {
      for (const [event, listener] of Object.entries(value)) node.addEventListener(event, listener)
    } else if (name === 'data') {
      Object.assign(node.dataset, value)
    } else if (name === 'text') {
      node.textContent = value
    } else if (value !== null && value !== undefined && value !== false) {
      node.setAttribute(name, value === true ? '' : value)
    }
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false))
  return node
}

const shapes = {
  passed: ['M4.5 12.5 9.5 17.5 19.5 7'],
  failed: ['M6 6 18 18', 'M18 6 6 18'],
  skipped: ['M6 12 18 12'],
  unknown: ['M9 9.2a3 3 0 1 1 4.4 2.7c-.9.5-1.4 1-1.4 2.1', 'M12 17.6v.2'],
  hidden: ['M3 12s3.3-6 9-6 9 6 9 6-3.3 6-9 6-9-6-9-6z', 'M4 20 20 4'],
  warning: ['M12 4 21 19.5H3z', 'M12 10v4', 'M12 16.8v.1'],
  folder: ['M3 7.5V18a1.5 1.5 0 0 0 1.5 1.5h15A1.5 1.5 0 0 0 21 18V9a1.5 1.5 0 0 0-1.5-1.5H12L10 5H4.5A1.5 1.5 0 0 0 3 6.5z'],
  file: ['M6 3h8l4 4v14H6z', 'M14 3v4h4'],
  picture: ['M4 5h16v14H4z', 'm4 16 4.5-4.5 3.5 3.5 3-3 5 4.5', 'M15.5 9.2v.1'],
  film: ['M4 5h16v14H4z', 'm10 9 5 3-5 3z'],
  sound: ['M9 17.5V6l10-2v11.5', 'M9 17.5a2.5 2 0 1 1-5 0 2.5 2 0 0 1 5 0z', 'M19 15.5a2.5 2 0 1 1-5 0 2.5 2 0 0 1 5 0z'],
  copy: ['M9 9h11v11H9z', 'M15 9V4H4v11h5'],
  open: ['M13 5h6v6', 'm19 5-9 9', 'M17 14v5H5V7h5'],
  close: ['M6 6 18 18', 'M18 6 6 18'],
  search: ['M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13z', 'm15.5 15.5 5 5'],
}

// icon draws one of the shapes. Words next to it say the same.
export function icon(name) {
  return drawing('svg', { class: `icon ${name}`, viewBox: '0 0 24 24', 'aria-hidden': 'true', focusable: 'false' },
    shapes[name].map((d) => drawing('path', { d })))
}

// visible escapes characters that are invisible or change how the rest is
// displayed.
export function visible(text) {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

// sentence returns visible text with a capital first.
export const sentence = (text) => visible(text.charAt(0).toUpperCase() + text.slice(1))

// button creates a button with an icon before its words.
export function button(words, shape, listener, properties = {}) {
  return element('button', { type: 'button', ...properties, on: { click: listener } }, shape && icon(shape), element('span', { text: words }))
}

// outside creates a link to the edge that opens a new tab.
export function outside(words, href, properties = {}) {
  return element('a', { href, target: '_blank', rel: 'noopener noreferrer', ...properties }, icon('open'), element('span', { text: words }),
    element('span', { class: 'unseen', text: ' (opens a new tab)' }))
}

const toast = document.getElementById('toast')
let toastTimer
// say shows a short message, which a screen reader also reads. While a modal dialog
// is open, nothing outside it is seen or read.
export function say(message) {
  const home = [...document.querySelectorAll('dialog:modal')].at(-1) ?? document.body
  if (toast.parentNode !== home) home.append(toast)
  toast.textContent = message
  toast.classList.add('shown')
  clearTimeout(toastTimer)
  toastTimer = setTimeout(() => toast.classList.remove('shown'), 2500)
}

// copy copies a text to the clipboard.
export async function copy(text, what) {
  try {
    await navigator.clipboard.writeText(text)
    say(`${what} is copied`)
  } catch {
    say(`The browser does not allow the page to copy: select the text and copy it`)
  }
}

const numbers = new Intl.NumberFormat('en')
export const count = (n, noun) => `${numbers.format(n)} ${noun}${n === 1 ? '' : 's'}`

// moment returns a time of day, with the date if it is not today.
export function moment(text) {
  const time = new Date(text)
  if (Number.isNaN(time.getTime())) return text
  const two = (n) => String(n).padStart(2, '0')
  const clock = `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`
  if (time.toDateString() === new Date().toDateString()) return clock
  return `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())} ${clock}`
}

// distance returns how far a time is from now, in words.
export function distance(text) {
  const seconds = Math.round((new Date(text).getTime() - Date.now()) / 1000)
  const size = Math.abs(seconds)
  const units = [['day', 86400], ['hour', 3600], ['minute', 60], ['second', 1]]
  const [unit, length] = units.find(([, length]) => size >= length * (length > 1 ? 2 : 1)) ?? ['second', 1]
  const span = count(Math.floor(size / length), unit)
  return seconds < 0 ? `${span} ago` : `in ${span}`
}
