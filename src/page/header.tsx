/** Product, language, colours, and who is signed in. */
import { config } from './core/hub.ts'
import { chooseLanguage, LANGUAGES, type Language, language } from './core/language.ts'
import { caller, callerName, signOut } from './core/session.ts'
import { currentTheme, toggleTheme } from './core/theme.ts'
import logo from './logo.svg'
import { frameMessages } from './messages.ts'
import { Icon } from './ui/icon.tsx'

export interface HeaderProps {
  readonly hasMenu: boolean
  readonly isMenuOpen: boolean
  readonly onMenu: () => void
}

export function Header({ hasMenu, isMenuOpen, onMenu }: HeaderProps) {
  const text = frameMessages()
  const theme = currentTheme() === 'dark' ? text.light : text.dark
  return (
    <header class="header">
      {hasMenu && (
        <button
          type="button"
          class="icon-button menu-button"
          aria-expanded={isMenuOpen}
          aria-controls="navigation"
          aria-label={isMenuOpen ? text.closeNavigation : text.openNavigation}
          onClick={onMenu}
        >
          <Icon name={isMenuOpen ? 'close' : 'menu'} />
        </button>
      )}
      <a class="brand" href="#/">
        <img src={logo} alt="" width={28} height={28} />
        <span>{text.product}</span>
      </a>
      <span class="spacer" />
      <label class="language">
        <span class="visually-hidden">{text.language}</span>
        <select
          value={language.value}
          onChange={({ currentTarget }) => chooseLanguage(currentTarget.value as Language)}
        >
          {Object.entries(LANGUAGES).map(([code, name]) => (
            <option key={code} value={code} lang={code}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <button type="button" class="icon-button" aria-label={theme} title={theme} onClick={toggleTheme}>
        <Icon name={currentTheme() === 'dark' ? 'sun' : 'moon'} />
      </button>
      <User />
    </header>
  )
}

function User() {
  const text = frameMessages()
  const known = caller.value
  if (known === undefined || config.value?.open === true) return null
  if (known.authentication === 'none') {
    return (
      <button type="button" class="button" onClick={() => void signOut()}>
        {text.signIn}
      </button>
    )
  }
  return (
    <div class="user">
      <span class="user-name" title={text.signedInAs(known.name)}>
        <Icon name="user" />
        <span>{callerName.value}</span>
      </span>
      <button type="button" class="button sign-out" title={text.signOut} onClick={() => void signOut()}>
        <Icon name="leave" />
        <span>{text.signOut}</span>
      </button>
    </div>
  )
}
