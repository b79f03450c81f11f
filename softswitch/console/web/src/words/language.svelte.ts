/** The language of the console, and words in it: `const t = words({ en: {…}, de: {…} })`, then `t.key`. */

export type Language = 'en' | 'de'
export const LANGUAGES: Record<Language, string> = { en: 'English', de: 'Deutsch' }

const KEPT = 'softswitch.language'

function preferred(): Language {
  const kept = localStorage.getItem(KEPT)
  if (kept === 'en' || kept === 'de') return kept
  return navigator.language.toLowerCase().startsWith('de') ? 'de' : 'en'
}

class Spoken {
  now = $state<Language>(preferred())

  constructor() {
    document.documentElement.lang = this.now
  }

  choose(language: Language): void {
    this.now = language
    document.documentElement.lang = language
    localStorage.setItem(KEPT, language)
  }
}

export const language = new Spoken()

/** The words of one file in the language that is chosen. Both languages have the same keys: the compiler checks it. */
export function words<Catalog extends Record<string, string>>(catalog: {
  en: Catalog
  de: { [Key in keyof Catalog]: string }
}): { readonly [Key in keyof Catalog]: string } {
  return new Proxy(catalog.en, {
    get: (_, key: string) => catalog[language.now][key as keyof Catalog],
  })
}

/** A sentence with its gaps filled: `filled('{n} calls', { n: 3 })`. */
export function filled(sentence: string, gaps: Record<string, string | number>): string {
  return sentence.replace(/\{(\w+)\}/g, (whole, name: string) => String(gaps[name] ?? whole))
}
