/**
 * The pages of the console, in the order of the menu. A new page is its file and its line here. What stands in the
 * address behind its name, such as the ID of a call, it reads from `route.now.rest`.
 */
import Activity from '@lucide/svelte/icons/activity'
import type { Component } from 'svelte'
import type { Language } from './words/language.svelte'
import type { Role } from './api/session.svelte'

export interface PageDeclared {
  /** Its part of the address: `#/now`. */
  path: string
  group: Group
  title: Record<Language, string>
  icon: Component<{ size?: number; 'aria-hidden'?: boolean }>
  /** The key that leads there after `g`. */
  key?: string
  /** Who sees it in the menu; everybody where it names nobody. The switch judges each request anyway. */
  roles?: Role[]
  load: () => Promise<{ default: Component }>
}

export type Group = 'live' | 'records' | 'dialling' | 'messages' | 'system' | 'build'

/** The headings of the menu. */
export const GROUPS: Record<Group, Record<Language, string>> = {
  live: { en: 'Live', de: 'Jetzt' },
  records: { en: 'Calls', de: 'Gespräche' },
  dialling: { en: 'Numbers', de: 'Nummern' },
  messages: { en: 'Messages', de: 'Nachrichten' },
  system: { en: 'System', de: 'Anlage' },
  build: { en: 'Build', de: 'Entwickeln' },
}

// prettier-ignore
export const PAGES: PageDeclared[] = [
  { path: 'now', group: 'live', key: 'n', icon: Activity, title: { en: 'Now', de: 'Jetzt' }, load: () => import('./pages/now/Now.svelte') },
]
