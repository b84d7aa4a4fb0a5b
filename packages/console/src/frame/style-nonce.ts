/**
 * Lets style elements that are made at run time carry the page's nonce. The component library can do so for its own, but not for
 * those that lock scrolling and measure scroll bars.
 */
export function giveStylesNonce(page: Document): void {
  const nonce = page.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]')?.nonce ?? ''
  const create = page.createElement.bind(page)
  page.createElement = ((name: string, options?: ElementCreationOptions) => {
    const element = create(name, options)
    if (element instanceof HTMLStyleElement) element.nonce = nonce
    return element
  }) as typeof page.createElement
}
