/** Start of the page in the browser. */
import { render } from 'preact'
import { App } from './app.tsx'
import { startSession } from './core/session.ts'
import './styles/base.css'
import './styles/controls.css'
import './styles/frame.css'

// A part of the page that is no longer there: the hub was updated under an open page.
addEventListener('vite:preloadError', () => location.reload())

const root = document.getElementById('page')
if (root !== null) {
  render(<App />, root)
  void startSession()
}
