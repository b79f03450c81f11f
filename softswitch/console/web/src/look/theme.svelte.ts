/** Dark or light: what the system prefers, unless the user has chosen. */

export type Theme = 'system' | 'light' | 'dark'
const KEPT = 'softswitch.theme'

class Look {
  theme = $state<Theme>((localStorage.getItem(KEPT) as Theme | null) ?? 'system')

  constructor() {
    this.show()
  }

  choose(theme: Theme): void {
    this.theme = theme
    localStorage.setItem(KEPT, theme)
    this.show()
  }

  private show(): void {
    const root = document.documentElement
    if (this.theme === 'system') delete root.dataset.theme
    else root.dataset.theme = this.theme
  }
}

export const look = new Look()
