// Buttons that copy: the element whose id stands in `data-copy`, or the text in `data-copy-text`; links that copy what stands at
// the address in `data-copy-from`, as it is at that moment.

offerCopies()
document.addEventListener('swapped', offerCopies)
document.addEventListener('click', ({ target }) => {
  const button = target.closest?.('[data-copy], [data-copy-text]')
  if (button) copy(button)
})
document.addEventListener('click', (event) => {
  const link = event.target.closest?.('[data-copy-from]')
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return
  event.preventDefault()
  void copyFrom(link)
})

/** A page in its place, such as a login, is gone to instead. */
async function copyFrom(link) {
  const response = await fetch(link.dataset.copyFrom).catch(() => undefined)
  const isText = response?.ok && response.headers.get('content-type')?.startsWith('text/plain')
  if (isText) await put(link, (await response.text()).trimEnd())
  else location.assign(link.href)
}

function offerCopies() {
  for (const button of document.querySelectorAll('[data-copy], [data-copy-text]')) button.hidden = false
}

async function copy(button) {
  const { copy: id, copyText } = button.dataset
  const part = id === undefined ? undefined : document.getElementById(id)
  await put(button, copyText ?? part.value ?? part.textContent, part)
}

async function put(button, text, part) {
  try {
    await navigator.clipboard.writeText(text)
  } catch {
    copySelected(part ?? holderOf(text))
  }
  const label = button.textContent
  if (label === 'Copied') return
  button.textContent = 'Copied'
  setTimeout(() => {
    button.textContent = label
  }, 2000)
}

/** Without a secure context only what is selected can be copied. */
function copySelected(part) {
  if (part.select) part.select()
  else getSelection().selectAllChildren(part)
  document.execCommand('copy')
  if (part.dataset.temporary) part.remove()
}

function holderOf(text) {
  const holder = Object.assign(document.createElement('textarea'), { value: text })
  holder.dataset.temporary = 'yes'
  document.body.append(holder)
  return holder
}
