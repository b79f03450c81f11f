/** Starts the console in the page. */
import { mount } from 'svelte'
import App from './App.svelte'
import './look/style.css'

mount(App, { target: document.getElementById('app')! })
