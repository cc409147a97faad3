// The files of the bucket, with links that open them.

import { get, post } from './api.js'
import { button, copy, count, distance, element, icon, moment, outside, sentence, visible } from './dom.js'
import { Scroller } from './scroller.js'
import { panel } from './panel.js'
import { facts } from './verdict.js'

const pictures = /\.(avif|bmp|gif|ico|jpe?g|png|svg|webp)$/i
const films = /\.(m3u8|m4s|m4v|mkv|mov|mp4|mpd|ts|webm)$/i
const sounds = /\.(aac|flac|m4a|mp3|oga|ogg|opus|wav)$/i
const shapeOf = (key) => pictures.test(key) ? 'picture' : films.test(key) ? 'film' : sounds.test(key) ? 'sound' : 'file'
const baseName = (key) => key.slice(key.lastIndexOf('/') + 1)
const units = [['seconds', 1], ['minutes', 60], ['hours', 3600], ['days', 86400]]

export class Files {
  constructor() {
    this.deployment = null
    this.folders = new Map()
    this.folder = ''
    // The choices for a link are kept from file to file.
    this.wish = { amount: 10, unit: 60, address: '', saveAs: '', inline: false, pass: false }
    this.path = element('nav', { class: 'crumbs', 'aria-label': 'Folder' })
    this.total = element('p', { class: 'count', role: 'status' })
    this.search = element('input', { type: 'search', id: 'search', placeholder: 'Search this folder and those in it', autocomplete: 'off', spellcheck: 'false', on: { input: () => this.filter(true) } })
    this.empty = element('div', { class: 'empty', hidden: true })
    this.scroller = new Scroller({
      rowHeight: 188, minWidth: 148, gap: 12, itemRole: 'option',
      key: (item) => item.folder ? `${item.folder}/` : item.k,
      draw: (item) => item.folder ? this.folderTile(item) : this.fileTile(item),
      choose: (item) => item.folder ? (location.hash = hashOf(item.folder)) : this.open(item),
      properties: { role: 'listbox', 'aria-label': 'Files' },
    })
    this.scroller.node.addEventListener('scroll', () => this.rest())
    // Files may change while the page is hidden.
    window.addEventListener('focus', () => {
      if (!this.node.hidden && Date.now() - this.loaded > 3000) this.load()
    })
    this.panel = panel('File', () => this.close())
    this.node = element('section', { class: 'view', 'aria-labelledby': 'files-title' },
      element('div', { class: 'list' },
        element('div', { class: 'bar' },
          element('h1', { id: 'files-title', tabindex: -1, text: 'Files' }),
          element('div', { class: 'field search' }, element('label', { for: 'search', class: 'unseen', text: 'Search files' }), icon('search'), this.search),
          button('Reload', null, () => this.load(), { class: 'quiet' })),
        element('div', { class: 'bar under' }, this.path, this.total),
        this.empty, this.scroller.node),
      this.panel.node)
  }

  async show(rest) {
    const folder = rest ? `${decoded(rest)}/` : ''
    if (folder !== this.folder) this.hide() // the file of another folder
    // The focused element is replaced: a keyboard user continues at the
    // first item of the new list, or at the folder above it.
    const inList = this.scroller.node.contains(document.activeElement)
    const inPath = this.path.contains(document.activeElement)
    this.folder = folder
    if (!this.deployment) await this.load()
    else {
      this.search.value = ''
      this.filter(true)
    }
    if (inList) this.scroller.focus(0)
    else if (inPath) this.path.lastChild.focus()
  }

  hide() {
    this.select(null)
    this.panel.close()
  }

  // renew reloads what may have changed: the files, and how links are signed.
  async load() {
    this.loaded = Date.now()
    if (this.files === undefined) this.tell('Reading the folder …')
    try {
      const [deployment, list] = await Promise.all([get('/api/deployment'), get('/api/files')])
      this.sign(deployment)
      this.loaded = Date.now()
      this.served = list.other && list.folder // of a bucket that has files elsewhere
      this.index(list.files)
      this.filter(false)
    } catch (error) {
      this.tell(`The files cannot be listed: ${error.message}`, button('Try again', null, () => this.load()))
    }
  }

  // sign stores how links are signed, and reloads it before the query of the
  // previews expires.
  sign(deployment) {
    this.deployment = deployment
    clearTimeout(this.renewing)
    if (deployment.renew) this.renewing = setTimeout(() => get('/api/deployment').then((next) => this.sign(next), () => {}), deployment.renew * 1000)
  }

  // index sorts the files into folders.
  index(files) {
    this.files = files
    this.folders = new Map([['', { files: [], folders: new Map() }]])
    for (const file of files) {
      file.search = searched(file.k)
      let prefix = ''
      for (let slash = file.k.indexOf('/'); slash >= 0; slash = file.k.indexOf('/', slash + 1)) {
        const next = file.k.slice(0, slash + 1)
        const in_ = this.folders.get(prefix)
        in_.folders.set(next, (in_.folders.get(next) ?? 0) + 1)
        if (!this.folders.has(next)) this.folders.set(next, { files: [], folders: new Map() })
        prefix = next
      }
      this.folders.get(prefix).files.push(file)
    }
  }

  filter(top) {
    if (!this.files) return
    const here = this.folders.get(this.folder)
    const words = searched(this.search.value.trim())
    let items
    if (words) items = this.files.filter((file) => file.k.startsWith(this.folder) && file.search.includes(words))
    else items = here ? [...[...here.folders].map(([folder, inside]) => ({ folder: folder.slice(0, -1), inside })), ...here.files] : []
    this.crumbs()
    const inside = words ? items.length : this.files.filter((file) => file.k.startsWith(this.folder)).length
    this.total.textContent = words ? `${count(inside, 'file')} found` : count(inside, 'file')
    if (items.length === 0) {
      if (words) this.tell(`No file here has “${this.search.value.trim()}” in its name.`)
      else if (this.folder) this.tell('There is no such folder any more.', element('a', { href: '#/files', text: 'Show all files' }))
      else if (this.served) this.tell(`The stack serves the folder ${visible(this.served)} of its bucket, which ${visible(this.deployment.content || 'the content')} does not have.`)
      else this.tell('The folder has no files yet. Put some into it, and reload.')
      this.scroller.node.hidden = true
    } else {
      this.empty.hidden = true
      this.scroller.node.hidden = false
    }
    this.scroller.set(items, top)
    this.rest()
  }

  tell(words, ...more) {
    this.empty.hidden = false
    this.empty.replaceChildren(element('p', { text: words }), ...more)
  }

  crumbs() {
    const parts = this.folder.split('/').slice(0, -1)
    const steps = [element('a', { href: '#/files', text: 'All files', 'aria-current': parts.length === 0 ? 'page' : null })]
    parts.forEach((part, i) => {
      steps.push(element('span', { 'aria-hidden': 'true', text: '/' }), element('a', {
        href: hashOf(parts.slice(0, i + 1).join('/')), text: visible(part), 'aria-current': i === parts.length - 1 ? 'page' : null,
      }))
    })
    this.path.replaceChildren(...steps)
    this.path.scrollTop = this.path.scrollHeight
  }

  folderTile(item) {
    return element('div', { class: 'tile folder', role: 'option', 'aria-selected': 'false' },
      element('div', { class: 'thumb' }, icon('folder')),
      element('div', { class: 'name', text: visible(baseName(item.folder)) }),
      element('div', { class: 'more', text: count(item.inside, 'file') }))
  }

  fileTile(file) {
    const name = this.search.value.trim() ? file.k.slice(this.folder.length) : baseName(file.k)
    return element('div', { class: 'tile', role: 'option', 'aria-selected': String(this.opened === file.k), title: visible(file.k), data: { key: file.k } },
      element('div', { class: 'thumb', data: pictures.test(file.k) && !file.why ? { picture: this.address(file, true) } : {} }, icon(shapeOf(file.k))),
      element('div', { class: 'name', text: visible(name) }))
  }

  address(file, preview) {
    return this.deployment.baseUrl + (file.p || `/${file.k}`) + (preview && this.deployment.preview ? `?${this.deployment.preview}` : '')
  }

  // rest loads the visible pictures when scrolling stops.
  rest() {
    clearTimeout(this.resting)
    this.resting = setTimeout(() => {
      for (const thumb of this.scroller.node.querySelectorAll('[data-picture]')) {
        const source = thumb.dataset.picture
        delete thumb.dataset.picture
        thumb.append(this.picture(source, () => thumb.classList.add('shows')))
      }
    }, 90)
  }

  picture(source, loaded) {
    const image = element('img', { alt: '', decoding: 'async', referrerpolicy: 'no-referrer' })
    image.addEventListener('load', () => loaded(image))
    image.addEventListener('error', () => image.remove())
    image.src = source
    return image
  }

  select(key) {
    this.opened = key
    for (const tile of this.scroller.node.querySelectorAll('.tile')) tile.setAttribute('aria-selected', String(key !== null && tile.dataset.key === key))
  }

  open(file) {
    this.select(file.k)
    this.wish.saveAs = ''
    const big = element('div', { class: 'big' }, icon(shapeOf(file.k)))
    if (pictures.test(file.k) && !file.why) {
      const image = this.picture(this.address(file, true), () => big.classList.add('shows'))
      image.alt = `The picture ${visible(file.k)}`
      big.append(image)
    }
    this.result = element('div', { class: 'result', 'aria-live': 'polite' })
    this.panel.show(baseName(file.k), big,
      element('dl', { class: 'facts' }, facts([['Object key', file.k]])),
      this.result,
      file.why ? this.cannot(`No URL names this file: ${file.why}`) : this.deployment.unsigned ? [this.cannot(`No links are signed here: ${this.deployment.unsigned}`), this.unsignedOnly(file)] : this.form(file))
    if (!file.why && !this.deployment.unsigned) this.make(file)
  }

  cannot(words) {
    return element('div', { class: 'banner refused' }, element('p', { class: 'outcome' }, icon('failed'), element('span', { text: sentence(words) })))
  }

  unsignedOnly(file) {
    return element('div', { class: 'row' }, outside('Open unsigned', this.address(file, false), { class: 'button' }))
  }

  close() {
    const key = this.opened
    if (key === null) return // another folder, or another view, is shown
    this.select(null)
    const at = this.scroller.items.findIndex((item) => item.k === key)
    if (at >= 0) this.scroller.focus(at)
    else this.search.focus() // the file is not in the list any more
  }

  form(file) {
    const wish = this.wish
    const changed = () => {
      clearTimeout(this.making)
      this.making = setTimeout(() => this.make(file), 250)
    }
    const field = (id, label, control, hint) => element('div', { class: 'field' }, element('label', { for: id, text: label }), control, hint && element('p', { class: 'hint', id: `${id}-hint`, text: hint }))
    const input = (id, name, properties) => element('input', { id, value: wish[name], autocomplete: 'off', spellcheck: 'false', ...properties, on: { input: (event) => { wish[name] = event.target.value; changed() } } })
    const folder = file.k.slice(0, file.k.lastIndexOf('/') + 1)
    const kind = (pass, title, text) => element('label', { class: 'choice' },
      element('input', { type: 'radio', name: 'kind', checked: wish.pass === pass, on: { change: () => { wish.pass = pass; changed() } } }),
      element('span', {}, element('strong', { text: title }), element('span', { text })))
    return element('form', { class: 'form', 'aria-label': 'Link', on: { submit: (event) => { event.preventDefault(); this.make(file) } } },
      element('fieldset', { class: 'choices' }, element('legend', { text: 'The link opens' }),
        kind(false, 'This object', 'and nothing else'), kind(true, folder ? 'A folder' : 'Every file', folder ? `all of ${visible(folder)}` : 'of the deployment')),
      element('div', { class: 'field' }, element('label', { for: 'amount', text: 'Good for' }),
        element('div', { class: 'pair' },
          input('amount', 'amount', { type: 'number', min: 1, max: 999999, inputmode: 'numeric' }),
          element('select', { id: 'unit', 'aria-label': 'Unit of time', on: { change: (event) => { wish.unit = Number(event.target.value); changed() } } },
            units.map(([name, seconds]) => element('option', { value: seconds, selected: wish.unit === seconds, text: name })))),
        this.deployment.maxLifetime && element('p', { class: 'hint', text: `The deployment allows ${span(this.deployment.maxLifetime)} at most.` })),
      element('details', { class: 'more', open: Boolean(wish.address) },
        element('summary', { text: 'Address and name' }),
        field('address', 'Only for this address', input('address', 'address', { placeholder: 'any address', inputmode: 'decimal', 'aria-describedby': 'address-hint' }), 'An IPv4 address or prefix, such as 203.0.113.0/24'),
        this.deployment.saveAs
          ? [field('save-as', 'Saved as', input('save-as', 'saveAs', { placeholder: baseName(file.k) })),
            element('label', { class: 'check' }, element('input', { type: 'checkbox', checked: wish.inline, on: { change: (event) => { wish.inline = event.target.checked; changed() } } }), element('span', { text: 'Show it in the browser, and use the name if it is saved' }))]
          : element('p', { class: 'hint', text: 'To choose the name under which a browser saves the file, set "downloads": true in cdk.json.' })))
  }

  async make(file) {
    clearTimeout(this.making)
    const wish = this.wish
    const here = this.asked = {}
    try {
      const link = await post('/api/links', {
        key: file.k, seconds: Math.round(Number(wish.amount) * wish.unit) || 0, address: wish.address, saveAs: wish.saveAs,
        inline: wish.inline && wish.saveAs !== '' , pass: wish.pass, folder: file.k.slice(0, file.k.lastIndexOf('/') + 1),
      })
      if (here === this.asked) this.result.replaceChildren(this.linkView(link))
    } catch (error) {
      if (here === this.asked) this.result.replaceChildren(this.cannot(error.message))
    }
  }

  linkView(link) {
    return element('div', { class: 'links' },
      element('h3', { text: 'Signed link' }),
      element('p', { class: 'hint' }, 'Opens ', link.opens ? `all of ${visible(link.opens)}` : 'this object', ' until ', element('time', { datetime: link.expires, text: moment(link.expires) }), ` (${distance(link.expires)})`),
      link.public && element('div', { class: 'banner unknown' }, element('p', { class: 'outcome' }, icon('warning'), element('span', { text: `Anyone can open this object: the cache behavior ${visible(link.public)} needs no signature` }))),
      element('p', { class: 'url box', tabindex: 0, 'aria-label': 'Signed link', data: { url: 'link' }, text: link.signed }),
      element('div', { class: 'row' },
        button('Copy', 'copy', () => copy(link.signed, 'The signed link'), { class: 'primary' }),
        outside('Open signed', link.signed, { class: 'button', data: { open: 'signed' } }),
        outside('Open unsigned', link.unsigned, { class: 'button', data: { open: 'unsigned' } }),
        button('Side by side', null, () => this.compare(link), { class: 'quiet' })))
  }

  async compare(link) {
    const panes = element('div', { class: 'panes' }, element('p', { class: 'hint', text: 'Asking the edge …' }))
    const dialog = element('dialog', { class: 'compare', 'aria-labelledby': 'compare-title', on: { close: () => dialog.remove() } },
      element('div', { class: 'bar' }, element('h2', { id: 'compare-title', text: 'Signed and unsigned' }), button('Close', 'close', () => dialog.close(), { class: 'quiet' })), panes)
    document.body.append(dialog)
    dialog.showModal()
    try {
      const answers = await post('/api/answers', { signed: link.signed, unsigned: link.unsigned })
      panes.replaceChildren(this.pane('Signed', answers.signed), this.pane('Unsigned', answers.unsigned))
    } catch (error) {
      panes.replaceChildren(this.cannot(error.message))
    }
  }

  pane(title, a) {
    const good = a.status < 400
    const body = a.picture ? element('div', { class: 'big' }, icon('picture')) : a.text ? element('pre', { tabindex: 0, 'aria-label': `What ${title.toLowerCase()} answers`, text: visibleLines(a.text) }) : element('p', { class: 'hint', text: good ? `The answer is ${a.type || 'no text'}: open it to see it.` : 'The answer has no text.' })
    if (a.picture) body.append(Object.assign(this.picture(a.url, () => body.classList.add('shows')), { alt: 'The picture that the link opens' }))
    return element('section', { class: 'pane', 'aria-label': title },
      element('h3', { text: title }),
      element('p', { class: `mark ${good ? 'allowed' : 'refused'}` }, icon(good ? 'passed' : 'failed'), element('span', { text: `${a.status} ${a.word}` })),
      body,
      a.reason && element('p', { class: 'why', text: sentence(a.reason) }),
      element('div', { class: 'row' }, outside('Open', a.url, { class: 'button' }), button('Copy', 'copy', () => copy(a.url, 'The URL'), { class: 'quiet' })))
  }
}

// visibleLines is visible for a text of several lines.
const visibleLines = (text) => text.split('\n').map(visible).join('\n')

const hashOf = (folder) => `#/files/${encodeURIComponent(folder)}`

// decoded reverses hashOf. A typed address may be invalid.
function decoded(text) {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

// searched normalizes a text for searching: macOS and others spell one name in two
// ways.
const searched = (text) => text.normalize('NFC').toLowerCase()

function span(seconds) {
  const [name, length] = [...units].reverse().find(([, length]) => seconds % length === 0 && seconds >= length)
  return count(seconds / length, name.slice(0, -1))
}
