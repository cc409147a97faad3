// The views of the page. The fragment of the address selects one.

import { get, takeToken } from './api.js'
import { Access } from './access.js'
import { button, copy, element } from './dom.js'
import { Explain } from './explain.js'
import { Files } from './files.js'
import { Requests } from './requests.js'

const main = document.getElementById('main')

// locked replaces all views if the token is missing or belongs to another run.
function locked() {
  document.querySelector('.top nav').hidden = true
  main.replaceChildren(element('div', { class: 'empty lock' },
    element('h1', { text: 'Open the address that signedfront printed' }),
    element('p', { text: 'It contains #token= and opens this page for one run. Each run has its own address.' })))
}

function start() {
  const files = new Files()
  const requests = new Requests(() => {
    files.deployment = null
    describe()
    if (shown === 'files' || shown === 'access') views[shown].show(location.hash.split('/')[2])
  })
  const views = { files, requests, explain: new Explain(), access: new Access() }
  let shown
  for (const view of Object.values(views)) view.node.hidden = true
  main.replaceChildren(...Object.values(views).map((view) => view.node))

  const show = () => {
    const [, name, rest = ''] = location.hash.split('/')
    const next = Object.hasOwn(views, name) ? name : 'files'
    if (shown !== next) {
      if (shown) {
        views[shown].hide()
        views[shown].node.hidden = true
      }
      views[next].node.hidden = false
      for (const link of document.querySelectorAll('.top nav a')) {
        if (link.getAttribute('href') === `#/${next}`) link.setAttribute('aria-current', 'page')
        else link.removeAttribute('aria-current')
      }
      // A screen reader announces the change of view, and the Tab
      // key continues from it.
      if (shown) views[next].node.querySelector('h1').focus({ preventScroll: true })
      shown = next
      entitle()
    }
    views[next].show(rest)
  }
  window.addEventListener('hashchange', show)
  describe()
  show()
}

async function describe() {
  let deployment
  try {
    deployment = await get('/api/deployment')
  } catch {
    return // the view that is shown says why
  }
  document.getElementById('stack').textContent = deployment.stack || 'signedfront'
  document.getElementById('base').replaceChildren(button(new URL(deployment.baseUrl).host, 'copy', () => copy(deployment.baseUrl, 'The base URL'), { class: 'quiet small', title: 'Copy the base URL' }))
  entitle()
}

// entitle sets the window's title to the view and the stack.
function entitle() {
  const view = document.querySelector('.top nav [aria-current]')
  document.title = `${view.textContent} – ${document.getElementById('stack').textContent}`
}

document.querySelector('.skip').addEventListener('click', (event) => {
  event.preventDefault()
  main.focus()
})
window.addEventListener('locked', locked)
if (takeToken()) start()
else locked()
