import { Input } from 'antd'
import type { ComponentProps } from 'react'

/**
 * A password's field. Tab goes from field to field: with the eye between two of them, whoever types a password, Tab and the
 * password again would type into the eye, and Enter would show the first one.
 */
export function PasswordInput(props: Omit<ComponentProps<typeof Input.Password>, 'visibilityToggle'>) {
  return <Input.Password {...props} visibilityToggle={{ tabIndex: -1 }} />
}
