/**
 * The pages of the console, in the order of the menu. A new page is its file and its line here. What stands in the
 * address behind its name, such as the ID of a call, it reads from `route.now.rest`.
 */
import ScrollText from '@lucide/svelte/icons/scroll-text'
import Activity from '@lucide/svelte/icons/activity'
import Ban from '@lucide/svelte/icons/ban'
import Bell from '@lucide/svelte/icons/bell-ring'
import BookUser from '@lucide/svelte/icons/book-user'
import Cable from '@lucide/svelte/icons/cable'
import Calendar from '@lucide/svelte/icons/calendar-clock'
import Cog from '@lucide/svelte/icons/settings-2'
import Gauge from '@lucide/svelte/icons/gauge'
import Hourglass from '@lucide/svelte/icons/hourglass'
import Lamp from '@lucide/svelte/icons/lightbulb'
import MessageSquare from '@lucide/svelte/icons/message-square'
import Music from '@lucide/svelte/icons/music'
import Phone from '@lucide/svelte/icons/phone'
import Route from '@lucide/svelte/icons/route'
import UserCog from '@lucide/svelte/icons/user-cog'
import Users from '@lucide/svelte/icons/users'
import Voicemail from '@lucide/svelte/icons/voicemail'
import AudioLines from '@lucide/svelte/icons/audio-lines'
import History from '@lucide/svelte/icons/history'
import ListTree from '@lucide/svelte/icons/list-tree'
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
  { path: 'queues', group: 'live', key: 'q', icon: Hourglass, title: { en: 'Queues', de: 'Warteschlangen' }, roles: ['admin', 'operator', 'viewer'], load: () => import('./pages/queues/QueuesPage.svelte') },
  { path: 'conferences', group: 'live', key: 'c', icon: Users, title: { en: 'Conferences', de: 'Konferenzen' }, roles: ['admin', 'operator', 'viewer'], load: () => import('./pages/conferences/ConferencesPage.svelte') },
  { path: 'history', group: 'records', key: 'h', icon: History, title: { en: 'History', de: 'Verlauf' }, load: () => import('./pages/history/HistoryPage.svelte') },
  { path: 'call', group: 'records', icon: ListTree, title: { en: 'Call', de: 'Anruf' }, load: () => import('./pages/call/CallPage.svelte') },
  { path: 'recordings', group: 'records', key: 'r', icon: AudioLines, title: { en: 'Recordings', de: 'Aufnahmen' }, load: () => import('./pages/recordings/RecordingsPage.svelte') },
  { path: 'voicemail', group: 'records', key: 'v', icon: Voicemail, title: { en: 'Voicemail', de: 'Mailboxen' }, load: () => import('./pages/voicemail/VoicemailPage.svelte') },
  { path: 'extensions', group: 'dialling', key: 'e', icon: Phone, title: { en: 'Extensions', de: 'Nebenstellen' }, load: () => import('./pages/entries/EntriesPage.svelte') },
  { path: 'trunks', group: 'dialling', key: 't', icon: Cable, title: { en: 'Trunks', de: 'Leitungen' }, roles: ['admin', 'operator', 'viewer'], load: () => import('./pages/entries/EntriesPage.svelte') },
  { path: 'routes', group: 'dialling', key: 'o', icon: Route, title: { en: 'Routes', de: 'Wege' }, roles: ['admin', 'operator', 'viewer'], load: () => import('./pages/entries/EntriesPage.svelte') },
  { path: 'calendars', group: 'dialling', icon: Calendar, title: { en: 'Calendars', de: 'Kalender' }, roles: ['admin', 'operator', 'viewer'], load: () => import('./pages/entries/EntriesPage.svelte') },
  { path: 'budgets', group: 'dialling', icon: Gauge, title: { en: 'Budgets', de: 'Budgets' }, roles: ['admin', 'operator', 'viewer'], load: () => import('./pages/entries/EntriesPage.svelte') },
  { path: 'lamp_lists', group: 'dialling', icon: Lamp, title: { en: 'Lamp lists', de: 'Lampenlisten' }, roles: ['admin', 'operator', 'viewer'], load: () => import('./pages/entries/EntriesPage.svelte') },
  { path: 'prompts', group: 'dialling', icon: Music, title: { en: 'Prompts', de: 'Ansagen' }, roles: ['admin', 'operator', 'viewer'], load: () => import('./pages/entries/EntriesPage.svelte') },
  { path: 'messages', group: 'messages', key: 'm', icon: MessageSquare, title: { en: 'Messages', de: 'Nachrichten' }, load: () => import('./pages/messages/MessagesPage.svelte') },
  { path: 'alarms', group: 'messages', key: 'a', icon: Bell, title: { en: 'Alarms', de: 'Alarme' }, roles: ['admin', 'operator', 'viewer'], load: () => import('./pages/alarms/AlarmsPage.svelte') },
  { path: 'contacts', group: 'messages', key: 'b', icon: BookUser, title: { en: 'Address books', de: 'Adressbücher' }, roles: ['admin', 'operator', 'viewer'], load: () => import('./pages/contacts/ContactsPage.svelte') },
  { path: 'bans', group: 'system', icon: Ban, title: { en: 'Bans', de: 'Sperren' }, roles: ['admin', 'operator', 'viewer'], load: () => import('./pages/bans/BansPage.svelte') },
  { path: 'audit', group: 'system', icon: ScrollText, title: { en: 'Audit', de: 'Protokoll' }, roles: ['admin'], load: () => import('./pages/audit/AuditPage.svelte') },
  { path: 'users', group: 'system', key: 'u', icon: UserCog, title: { en: 'Users', de: 'Benutzer' }, roles: ['admin', 'operator', 'viewer'], load: () => import('./pages/entries/EntriesPage.svelte') },
  { path: 'settings', group: 'system', key: 's', icon: Cog, title: { en: 'Settings', de: 'Einstellungen' }, roles: ['admin', 'operator', 'viewer'], load: () => import('./pages/settings/SettingsPage.svelte') },
]
