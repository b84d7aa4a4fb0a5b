export { CertificateError, type CertificatePair, type Certificates } from './certificate-pair.ts'
export { type CertificateSource, loadCertificates } from './load.ts'
export { type CertificateWatch, type CertificateWatchOptions, watchCertificates } from './watch.ts'
