/** Who uses the console: `/v1/session`, whose cookie the browser keeps and no script can read. */
import { ask, whenSignedOut } from './ask'
import { Problem } from './problem'

export type Role = 'admin' | 'operator' | 'viewer' | 'application'

export interface User {
  user: string
  role: Role
  extensions: string[]
  expires: string
}

class Session {
  user = $state.raw<User | null>(null)
  /** Whether it is still unknown who uses the console. */
  unknown = $state(true)

  constructor() {
    whenSignedOut.call = () => (this.user = null)
  }

  /** Take the session that a cookie stands for, if there is one. */
  async resume(): Promise<void> {
    try {
      this.user = await ask<User>('session')
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      this.user = null
    } finally {
      this.unknown = false
    }
  }

  /** Throws Problem for a wrong password. */
  async begin(username: string, password: string): Promise<void> {
    this.user = await ask<User>('session', { method: 'POST', body: { username, password } })
  }

  async end(): Promise<void> {
    await ask('session', { method: 'DELETE' }).catch(() => undefined)
    this.user = null
  }

  /** Whether the user may do what operators do; the switch judges it anyway. */
  get operates(): boolean {
    return this.user?.role === 'admin' || this.user?.role === 'operator'
  }

  get administers(): boolean {
    return this.user?.role === 'admin'
  }
}

export const session = new Session()
