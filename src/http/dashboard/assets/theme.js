// Before anything is drawn: the theme that this browser's user chose, if any.

const chosen = localStorage.getItem('theme')
if (chosen === 'light' || chosen === 'dark') document.documentElement.dataset.theme = chosen
