// Uses the page as a person does, in Chromium. Settings come in the environment.

import assert from 'node:assert/strict'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { chromium } from 'playwright-core'

const settings = JSON.parse(process.env.SETTINGS)
const axe = readFileSync('node_modules/axe-core/axe.min.js', 'utf8')
const browser = await chromium.launch({
  executablePath: settings.chromium,
  args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1'],
})
const sizes = { phone: { width: 360, height: 740 }, desk: { width: 1440, height: 900 } }
let failures = 0
const wrong = [] // what the browser's console says

// visit opens an address in a browser of its own.
async function visit(address, { size = 'desk', colorScheme = 'light', ...more } = {}) {
  const context = await browser.newContext({ viewport: sizes[size], colorScheme, permissions: ['clipboard-read', 'clipboard-write'], ...more })
  context.setDefaultTimeout(15_000)
  const page = await context.newPage()
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type()) && !/status of 4(03|04|22)|ERR_FAILED/.test(message.text())) wrong.push(message.text())
  })
  page.on('pageerror', (error) => wrong.push(String(error)))
  await page.goto(address)
  return page
}

async function test(name, run) {
  const start = Date.now()
  try {
    await run()
    console.log(`ok   ${name} (${Date.now() - start} ms)`)
  } catch (error) {
    failures++
    console.log(`FAIL ${name}\n${error.stack}`)
  } finally {
    await Promise.all(browser.contexts().map((context) => context.close()))
  }
}

// shot keeps a screenshot to be looked at.
async function shot(page, name) {
  if (!settings.screenshots) return
  mkdirSync(settings.screenshots, { recursive: true })
  await page.screenshot({ path: join(settings.screenshots, `${name}.png`) })
}

// accessible fails where axe finds anything.
async function accessible(page) {
  await page.evaluate(axe)
  const found = await page.evaluate(async () => (await window.axe.run(document, { resultTypes: ['violations'] })).violations
    .map((v) => `${v.id}: ${v.help}\n${v.nodes.map((n) => `    ${n.html}\n    ${n.failureSummary}`).join('\n')}`))
  assert.deepEqual(found, [])
}

// noOverflow fails where a person would have to scroll sideways.
async function noOverflow(page) {
  const [wide, room] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth])
  assert.ok(wide <= room, `the page is ${wide} pixels wide in ${room}`)
}

const pictureLoaded = (locator) => locator.evaluate((image) => image.decode().then(() => image.naturalWidth > 0))
const view = (page, name) => page.getByRole('navigation', { name: 'Views' }).getByRole('link', { name }).click()
const explained = (page) => page.locator('.answer .explanation')

await test('a person opens a signed link and sees the picture, opens the unsigned one and reads MissingKey', async () => {
  const page = await visit(settings.page)
  await page.getByRole('option', { name: 'albums' }).click()
  await page.getByRole('option', { name: '2026' }).click()
  const tile = page.getByRole('option', { name: 'harbor.png' })
  await tile.locator('img').waitFor({ state: 'attached' })
  assert.ok(await pictureLoaded(tile.locator('img')), 'the thumbnail is not shown')
  await tile.click()
  const [signed] = await Promise.all([page.waitForEvent('popup'), page.getByRole('link', { name: 'Open signed' }).click()])
  await signed.waitForLoadState()
  assert.ok(signed.url().startsWith(`${settings.edge}/albums/2026/harbor.png?`), signed.url())
  assert.equal(await signed.locator('img').evaluate((image) => image.naturalWidth), 320)
  const [unsigned] = await Promise.all([page.waitForEvent('popup'), page.getByRole('link', { name: 'Open unsigned' }).click()])
  await unsigned.waitForLoadState()
  await view(page, 'Requests')
  const refused = page.getByRole('row').filter({ hasText: 'MissingKey' })
  await refused.first().waitFor()
  assert.match(await refused.first().innerText(), /Refused[\s\S]*403 MissingKey/)
  await page.getByRole('row').filter({ hasText: 'Allowed' }).filter({ hasText: 'harbor.png' }).first().waitFor()
  await refused.first().click()
  const panel = page.getByRole('dialog', { name: 'Request' })
  await panel.getByText('Checks, in CloudFront’s order').waitFor()
  assert.match(await panel.locator('.checks li.failed').innerText(), /Signed\s+Failed/)
  assert.ok(await panel.locator('.checks li.not-reached').count() > 5)
})

await test('a person copies a link, limits it, and sees both answers side by side', async () => {
  const page = await visit(settings.page)
  await page.getByRole('option', { name: 'dunes.png' }).click()
  const link = page.locator('[data-url=link]')
  await link.waitFor()
  await page.getByRole('button', { name: 'Copy', exact: true }).click()
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), await link.innerText())
  const before = await link.innerText()
  await page.getByText('Address and name').click()
  await page.getByLabel('Only for this address').fill('203.0.113.0/24')
  await page.waitForFunction((text) => document.querySelector('[data-url=link]').textContent !== text, before)
  assert.match(await link.innerText(), /[?&]Policy=/)
  await page.getByLabel('Only for this address').fill('not an address')
  await page.getByText(/not an address|IPv4/).first().waitFor()
  await page.getByLabel('Only for this address').fill('')
  await page.getByLabel('Saved as').fill('Dunes, July.png')
  await page.waitForFunction(() => document.querySelector('[data-url=link]')?.textContent.includes('response-content-disposition'))
  await page.getByLabel('Saved as').fill('')
  await page.getByLabel('Every file').check()
  await page.getByText(/Opens all of/).waitFor()
  await page.getByRole('button', { name: 'Side by side' }).click()
  const dialog = page.getByRole('dialog', { name: 'Signed and unsigned' })
  await dialog.getByText('200 OK').waitFor()
  await dialog.getByText('403 MissingKey').waitFor()
  assert.ok(await pictureLoaded(dialog.locator('img')))
  await page.keyboard.press('Escape')
  await dialog.waitFor({ state: 'detached' })
})

await test('a person pastes a tampered URL and sees the byte', async () => {
  const page = await visit(settings.page)
  await view(page, 'Explain')
  await page.getByLabel('URL or Cookie header').fill(settings.tampered)
  await page.getByRole('button', { name: 'Explain' }).click()
  await explained(page).waitFor()
  assert.match(await explained(page).locator('.banner').first().innerText(), /Refused\s+403 AccessDenied/)
  const signed = page.locator('[data-url=signed]')
  const arrived = page.locator('[data-url=arrived]')
  assert.equal(await signed.locator('mark').innerText(), 'o')
  assert.equal(await arrived.locator('mark').innerText(), 'q')
  assert.match(await signed.innerText(), /harbor\.png/)
  const boxes = [await signed.locator('mark').boundingBox(), await arrived.locator('mark').boundingBox()]
  assert.ok(Math.abs(boxes[0].x - boxes[1].x) < 2 && boxes[0].y < boxes[1].y, 'the two bytes do not stand one above the other')
  await shot(page, 'tampered')
})

await test('a person pastes a URL of another distribution, without its key and with it', async () => {
  const page = await visit(settings.page)
  await view(page, 'Explain')
  await page.getByLabel('URL or Cookie header').fill(settings.foreign)
  await page.getByRole('button', { name: 'Explain' }).click()
  await explained(page).getByText('Not known', { exact: true }).first().waitFor()
  await explained(page).getByText('203.0.113.0/24').first().waitFor()
  await explained(page).getByText(/K2JCJMDEHXQW5F is unknown here/).waitFor()
  await page.locator('summary', { hasText: 'Cookies, keys and the viewer' }).click()
  await page.getByRole('button', { name: 'Add a public key' }).click()
  await page.getByLabel('Key pair id').fill('K2JCJMDEHXQW5F')
  await page.getByLabel('Public key, PEM').fill(settings.foreignKey)
  await page.getByLabel('Viewer’s address').fill('203.0.113.7')
  await page.getByRole('button', { name: 'Explain' }).click()
  await explained(page).getByText('Allowed').first().waitFor()
})

await test('a private key that is pasted is neither shown nor kept', async () => {
  const page = await visit(settings.page)
  await view(page, 'Explain')
  const key = '-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg\n-----END PRIVATE KEY-----'
  await page.getByLabel('URL or Cookie header').fill(key)
  await page.getByRole('button', { name: 'Explain' }).click()
  await page.getByText(/looks like a PEM private key/).waitFor()
  assert.equal(await page.getByLabel('URL or Cookie header').inputValue(), '')
  assert.ok(!(await page.content()).includes('MIGHAgEAMBMG'))
})

await test('a page of another origin is refused by the browser alone, and Requests tells it', async () => {
  const page = await visit(settings.page)
  await view(page, 'Requests')
  const app = await page.context().newPage()
  await app.goto(settings.app)
  await app.evaluate((url) => fetch(url).catch(() => {}), `${settings.edge}/assets/logo.png`)
  const row = page.getByRole('row').filter({ hasText: 'CORS' }).first()
  await row.click()
  await page.getByRole('dialog', { name: 'Request' }).getByText('Hidden by the browser').waitFor()
})

await test('requests are filtered, held back, and shown with the page’s own if a person wants', async () => {
  const page = await visit(settings.page)
  await page.getByRole('option', { name: 'dunes.png' }).locator('img').waitFor({ state: 'attached' })
  assert.ok(!(await page.evaluate(() => location.href)).includes('token'), 'the token stays in the address')
  const send = (name) => fetch(`${settings.edge}/${name}`)
  await send('sifted-one.png')
  await send('sifted-two.png')
  await page.context().request.get(`${settings.edge}/assets/logo.png?sifted`)
  await view(page, 'Requests')
  const row = (text) => page.getByRole('row').filter({ hasText: text })
  await row('sifted-two').waitFor()
  await row('assets/logo.png').first().waitFor()
  await page.getByRole('searchbox', { name: 'Filter requests' }).fill('SIFTED-one missingkey')
  await row('sifted-two').waitFor({ state: 'detached' })
  assert.equal(await row('sifted-one').count(), 1)
  const total = page.locator('.view:not([hidden]) .count')
  assert.equal(await total.getAttribute('aria-live'), 'polite')
  await page.getByRole('searchbox', { name: 'Filter requests' }).fill('none of these words')
  await page.getByText('No request matches the filter.').waitFor()
  await page.getByRole('searchbox', { name: 'Filter requests' }).fill('')
  await page.getByLabel('Verdict').selectOption('Allowed')
  await row('sifted-two').waitFor({ state: 'detached' })
  await row('assets/logo.png').first().waitFor()
  await page.getByLabel('Verdict').selectOption('All verdicts')
  const few = await page.getByRole('row').count()
  assert.equal(await row('shore.png').count(), 0, 'the page’s own requests are shown')
  await page.getByLabel('This page’s previews too').check()
  await page.waitForFunction((few) => document.querySelectorAll('.view:not([hidden]) [role=row]').length > few, few)
  await page.getByLabel('This page’s previews too').uncheck()
  await page.getByRole('button', { name: 'Pause' }).click()
  await send('sifted-three.png')
  await page.getByText(/paused; 1 more/).waitFor()
  assert.equal(await row('sifted-three').count(), 0)
  await page.getByRole('button', { name: 'Resume' }).click()
  await row('sifted-three').waitFor()
  assert.equal(await total.getAttribute('aria-live'), 'off', 'a screen reader says each request that comes')
})

await test('a person is told that signedfront has stopped, in each view, and goes on when it is back', async () => {
  const page = await visit(settings.page)
  await page.getByRole('option', { name: 'dunes.png' }).waitFor()
  await page.route('**/api/**', (route) => route.abort())
  await page.getByRole('button', { name: 'Reload' }).first().click()
  await page.getByText(/The files cannot be listed: .* has stopped/).waitFor()
  await view(page, 'Access path')
  await page.getByText(/The access path cannot be drawn: .* has stopped/).waitFor()
  await view(page, 'Explain')
  await page.getByLabel('URL or Cookie header').fill('https://d111111abcdef8.cloudfront.net/a')
  await page.getByRole('button', { name: 'Explain' }).click()
  await page.locator('.answer').getByText(/^No answer from signedfront, which has stopped/).waitFor()
  await page.unroute('**/api/**')
  await view(page, 'Access path')
  await page.locator('.lane').first().waitFor()
  await view(page, 'Files')
  await page.getByRole('option', { name: 'dunes.png' }).waitFor()
  await page.getByText(/The files cannot be listed/).waitFor({ state: 'hidden' })
})

await test('what a request says is text, never HTML', async () => {
  const page = await visit(settings.page)
  await page.getByRole('option', { name: 'onerror' }).waitFor()
  await page.request.get(`${settings.edge}/%3Cimg%20src=x%20onerror=alert(1)%3E`)
  await fetch(`${settings.edge}/<script>document.title='x'</script>`)
  await view(page, 'Requests')
  await page.getByRole('row').filter({ hasText: 'script' }).first().waitFor()
  assert.equal(await page.locator('main img[src=x], main script').count(), 0)
})

await test('fifty thousand files scroll and are searched with few nodes in the document', async () => {
  const page = await visit(settings.large)
  await page.getByText('50,000 files', { exact: true }).first().waitFor()
  const box = page.getByRole('searchbox', { name: 'Search files' })
  await box.fill('page')
  await page.getByText('50,000 files found').waitFor()
  const list = page.getByRole('listbox', { name: 'Files' })
  const times = await list.evaluate(async (node) => {
    const frames = []
    let last = performance.now()
    for (let i = 0; i < 60; i++) {
      node.scrollTop = node.scrollHeight * i / 60
      await new Promise(requestAnimationFrame)
      frames.push(performance.now() - last)
      last = performance.now()
    }
    return frames.sort((a, b) => a - b)
  })
  console.log(`     frames while scrolling 50,000 files: median ${times[30].toFixed(1)} ms, slowest ${times[59].toFixed(1)} ms`)
  assert.ok(await page.getByRole('option').count() < 200)
  const start = Date.now()
  await box.fill('page 49999')
  await page.getByText('1 file found').waitFor()
  console.log(`     a search of 50,000 files: ${Date.now() - start} ms`)
  await page.getByRole('option', { name: 'page 49999.txt' }).waitFor()
})

await test('the access path shows the broken link with its reason', async () => {
  const page = await visit(settings.broken)
  await view(page, 'Access path')
  await page.locator('.lane.broken .faults').getByText(/which is no object: the objects are .*\/\*/).waitFor()
  assert.equal(await page.locator('.link.broken').count(), 1)
  assert.equal(await page.locator('.link.broken .cross').count(), 1, 'the broken link is told by its color alone')
  await shot(page, 'access-broken')
})

await test('a template that changes is shown without a reload', async () => {
  const page = await visit(settings.swapped)
  await view(page, 'Access path')
  await page.locator('.lane.good').waitFor()
  await fetch(`${settings.app}/swap`)
  await page.locator('.lane.broken').waitFor()
})

await test('the browser’s Back leaves a file and its folder', async () => {
  const page = await visit(settings.page, { size: 'phone' })
  await page.getByRole('option', { name: 'assets' }).click()
  await page.getByRole('option', { name: 'logo.png' }).click()
  await page.locator('[data-url=link]').waitFor()
  await page.goBack()
  await page.getByRole('option', { name: 'dunes.png' }).waitFor()
  await page.getByRole('dialog', { name: 'File' }).waitFor({ state: 'hidden' })
  await page.waitForTimeout(100)
  assert.notEqual(await page.evaluate(() => document.activeElement.id), 'search', 'the keyboard of the phone opens')
})

await test('a file that is open to all, and a folder that is not there, are told', async () => {
  const page = await visit(settings.page)
  await page.getByRole('option', { name: 'assets' }).click()
  await page.getByRole('option', { name: 'logo.png' }).click()
  await page.getByText('Anyone can open this object: the cache behavior /assets/* needs no signature').waitFor()
  await page.waitForTimeout(350)
  await accessible(page)
  await shot(page, 'public')
  const elsewhere = await visit(settings.elsewhere)
  await elsewhere.getByText('The stack serves the folder /none here of its bucket, which ./photos does not have.').waitFor()
})

await test('a tab that is not seen leaves its connection to others, and catches up when it is seen', async () => {
  const page = await visit(settings.page)
  await view(page, 'Requests')
  await fetch(`${settings.edge}/while-here.png`)
  await page.getByRole('row').filter({ hasText: 'while-here' }).first().waitFor()
  const turn = (hidden) => page.evaluate((hidden) => {
    Object.defineProperty(document, 'hidden', { configurable: true, get: () => hidden })
    document.dispatchEvent(new Event('visibilitychange'))
  }, hidden)
  const ended = page.waitForEvent('requestfailed', (request) => request.url().includes('/api/requests?'))
  await turn(true)
  await ended
  await fetch(`${settings.edge}/while-away.png`)
  await page.waitForTimeout(700)
  assert.equal(await page.getByRole('row').filter({ hasText: 'while-away' }).count(), 0)
  await turn(false)
  await page.getByRole('row').filter({ hasText: 'while-away' }).first().waitFor()
})

await test('an address that is none of the page shows the files', async () => {
  for (const address of ['files/%E0%A4%A', 'constructor', '__proto__/x', 'requests/none']) {
    const page = await visit(settings.page)
    await page.getByRole('option', { name: 'dunes.png' }).waitFor()
    assert.match(await page.title(), /^Files – signedfront-prod$/)
    await page.evaluate((address) => { location.hash = `#/${address}` }, address)
    await page.getByText(/There is no such folder any more|This request is not kept any more/).or(page.getByRole('option', { name: 'dunes.png' })).first().waitFor()
    await page.context().close()
  }
})

await test('long paths, long names and deep folders leave room for what is told of them', async () => {
  const page = await visit(settings.page, { size: 'phone' })
  const seen = async (locator) => {
    const box = await locator.boundingBox()
    assert.ok(box && box.y + 200 < sizes.phone.height && box.height > 200, JSON.stringify(box))
  }
  await page.evaluate((folder) => { location.hash = `#/files/${encodeURIComponent(folder)}` }, settings.deep)
  await page.getByRole('option', { name: 'end.txt' }).waitFor()
  await seen(page.getByRole('listbox', { name: 'Files' }))
  await accessible(page)
  await shot(page, 'deep')
  await fetch(`${settings.edge}/long/${'%3Cb%3E/'.repeat(800)}`)
  await view(page, 'Requests')
  await page.getByRole('row').filter({ hasText: '/long/' }).first().click()
  await page.getByText('Checks, in CloudFront’s order').waitFor()
  await seen(page.locator('.panel[open] .panel-body'))
  await shot(page, 'long')
})

await test('a message is seen over the dialog that it is about, and the focus finds a place in the list', async () => {
  const page = await visit(settings.page, { size: 'phone' })
  await page.getByRole('option', { name: 'dunes.png' }).click()
  await page.locator('[data-url=link]').waitFor()
  await page.getByRole('button', { name: 'Copy', exact: true }).click()
  const toast = page.getByRole('dialog', { name: 'File' }).getByRole('status').filter({ hasText: 'The signed link is copied' })
  await toast.waitFor()
  await page.getByRole('button', { name: 'Side by side' }).click()
  await page.getByText('403 MissingKey').waitFor()
  await page.getByRole('dialog', { name: 'Signed and unsigned' }).getByRole('button', { name: 'Copy' }).first().click()
  await page.getByRole('dialog', { name: 'Signed and unsigned' }).getByText('The URL is copied').waitFor()
  await page.keyboard.press('Escape')
  await page.getByRole('button', { name: 'Copy', exact: true }).click()
  await toast.waitFor()
  await page.keyboard.press('Escape')
  await page.setViewportSize(sizes.desk)
  await fetch(`${settings.edge}/cleared.png`)
  await view(page, 'Requests')
  await page.getByRole('row').filter({ hasText: 'cleared.png' }).first().click()
  await page.getByText('Checks, in CloudFront’s order').waitFor()
  await page.getByRole('button', { name: 'Clear' }).click()
  await page.locator('.panel[open]').getByRole('button', { name: 'Close' }).click()
  await page.waitForFunction(() => document.activeElement.id === 'filter')
})

await test('without the token of the run nothing is shown', async () => {
  const page = await visit(settings.page.replace(/#.*/, ''))
  await page.getByRole('heading', { name: 'Open the address that signedfront printed' }).waitFor()
  await accessible(page)
})

await test('a whole visit by keyboard', async () => {
  const page = await visit(settings.page)
  await page.getByRole('option', { name: 'dunes.png' }).waitFor()
  const focused = () => page.evaluate(() => document.activeElement.innerText || document.activeElement.id || document.activeElement.tagName)
  const tabTo = async (wanted) => {
    for (let i = 0; i < 40; i++) {
      await page.keyboard.press('Tab')
      if (await page.evaluate(() => document.activeElement !== document.body) && wanted.test(await focused())) return
    }
    assert.fail(`the Tab key never reaches ${wanted}`)
  }
  await page.keyboard.press('Tab')
  assert.match(await focused(), /Skip to the content/)
  await page.keyboard.press('Enter')
  await tabTo(/albums/)
  await page.keyboard.press('ArrowRight')
  await page.keyboard.press('End')
  assert.ok(await page.evaluate(() => document.activeElement.getAttribute('role') === 'option'))
  await page.keyboard.press('Home')
  await page.keyboard.press('Enter') // a folder
  await page.getByRole('option', { name: '2026' }).waitFor()
  assert.match(await focused(), /2026/, 'the focus is not on the first of the folder')
  await page.keyboard.press('Enter')
  await page.getByRole('option', { name: 'harbor.png' }).waitFor()
  await page.getByRole('navigation', { name: 'Folder' }).getByRole('link', { name: 'albums' }).focus()
  await page.keyboard.press('Enter')
  await page.getByRole('option', { name: '2026' }).waitFor()
  assert.match(await focused(), /^albums$/, 'the focus is not on the folder')
  await tabTo(/2026/)
  await page.keyboard.press('Enter')
  await page.getByRole('option', { name: 'harbor.png' }).waitFor()
  await page.keyboard.press('End')
  assert.match(await focused(), /\.png/)
  await page.keyboard.press('Enter')
  await page.locator('[data-url=link]').waitFor()
  await tabTo(/^Copy/)
  await page.keyboard.press('Enter')
  await page.getByText('The signed link is copied').waitFor()
  await page.keyboard.press('Escape')
  await page.getByRole('dialog', { name: 'File' }).waitFor({ state: 'hidden' })
  assert.ok(await page.evaluate(() => document.activeElement.getAttribute('role') === 'option'), 'the focus does not return to the list')
  await fetch(`${settings.edge}/ridge.png`)
  await page.getByRole('link', { name: 'Requests', exact: true }).focus()
  await page.keyboard.press('Enter')
  await page.getByRole('row').filter({ hasText: 'ridge.png' }).first().waitFor()
  await tabTo(/ridge\.png/)
  await page.keyboard.press('Enter')
  await page.getByRole('dialog', { name: 'Request' }).waitFor()
  await page.keyboard.press('Escape')
  await page.getByRole('dialog', { name: 'Request' }).waitFor({ state: 'hidden' })
  await page.getByRole('link', { name: 'Explain', exact: true }).focus()
  await page.keyboard.press('Enter')
  await tabTo(/^url$/)
  await page.keyboard.type(`${settings.edge}/dunes.png`)
  await tabTo(/^Explain$/)
  await page.keyboard.press('Enter')
  await explained(page).getByText('Refused').first().waitFor()
})

for (const size of ['phone', 'desk']) {
  for (const colorScheme of ['light', 'dark']) {
    await test(`every view is whole and open to all people: ${size}, ${colorScheme}`, async () => {
      const page = await visit(settings.page, { size, colorScheme, reducedMotion: 'reduce' })
      const look = async (name) => {
        await page.waitForTimeout(350)
        await noOverflow(page)
        await accessible(page)
        await shot(page, `${name}-${size}-${colorScheme}`)
      }
      await page.getByRole('option', { name: 'dunes.png' }).waitFor()
      await look('files')
      await page.getByRole('option', { name: 'albums' }).click()
      await page.getByRole('option', { name: '2026' }).click()
      await page.getByRole('option', { name: 'harbor.png' }).click()
      await page.locator('[data-url=link]').waitFor()
      await look('file')
      await page.getByRole('button', { name: 'Side by side' }).click()
      await page.getByText('403 MissingKey').waitFor()
      await look('side-by-side')
      await page.keyboard.press('Escape')
      await page.getByRole('button', { name: 'Close' }).last().click()
      await page.getByRole('searchbox', { name: 'Search files' }).fill('nothing of this name')
      await look('files-empty')
      await view(page, 'Requests')
      await page.getByRole('row').filter({ hasText: 'MissingKey' }).first().waitFor()
      await look('requests')
      await page.getByRole('row').filter({ hasText: 'MissingKey' }).first().click()
      await page.getByText('Checks, in CloudFront’s order').waitFor()
      await look('request')
      await page.keyboard.press('Escape')
      await view(page, 'Explain')
      await look('explain')
      await page.getByLabel('URL or Cookie header').fill(settings.tampered)
      await page.getByRole('button', { name: 'Explain' }).click()
      await page.locator('.difference').waitFor()
      await page.locator('.answer').scrollIntoViewIfNeeded()
      await look('explained')
      await view(page, 'Access path')
      await page.locator('.lane').first().waitFor()
      await look('access')
    })
  }
}

if (settings.readme) {
  for (const colorScheme of ['light', 'dark']) {
    await test(`the picture of the README: ${colorScheme}`, async () => {
      const page = await visit(settings.page, { colorScheme, viewport: { width: 1120, height: 660 } })
      await page.getByRole('option', { name: 'albums' }).click()
      await page.getByRole('option', { name: '2026' }).click()
      await page.getByRole('option', { name: 'harbor.png' }).click()
      await page.locator('[data-url=link]').waitFor()
      await page.waitForTimeout(500)
      await page.screenshot({ path: join(settings.readme, `files-${colorScheme}.png`) })
    })
  }
}

await test('the browser’s console says nothing', async () => assert.deepEqual(wrong, []))

await browser.close()
process.exitCode = failures ? 1 : 0
