import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import './style.css'
import { App } from './frame/app.tsx'
import { giveStylesNonce } from './frame/style-nonce.ts'
import { PreferencesProvider } from './i18n/preferences-provider.tsx'

giveStylesNonce(document)
const root = document.getElementById('root')
if (root === null) throw new Error('index.html has no #root')
createRoot(root).render(
  <StrictMode>
    <PreferencesProvider>
      <App />
    </PreferencesProvider>
  </StrictMode>,
)
