// Written by `npm run docs` from the server’s OpenAPI document; not to be edited.

export interface components {
  schemas: {
    Problem: { type: string; title: string; status: number; detail: string; code: string; field?: string; fix: string }
    Sentence: { en: string; zh: string }
    Mistake: { code: string; sentence: components['schemas']['Sentence']; fix: components['schemas']['Sentence'] }
    Product: { productKey: string; name: string; dynamicRegistration: boolean; preregistrationFree: boolean; registrationByGateways: boolean; tlsOnly: boolean; strictKeepAlive: boolean; clientIdLimit: number; deviceCount: number; onlineCount: number; createdAt: string; updatedAt: string }
    Device: { productKey: string; deviceName: string; status: 'UNACTIVE' | 'ONLINE' | 'OFFLINE' | 'DISABLE'; clientIds: ({ clientId: string; createdAt: string; usedAt: string | null; forbiddenAt: string | null })[]; hasSecret: boolean; createdAt: string; activatedAt: string | null; reopenedAt: string | null; lastOnlineAt: string | null; lastOfflineAt: string | null; address: string | null }
    JournalEntry: { id: number; time: string; outcome: 'registered' | 'admitted' | 'refused' | 'closed' | 'dropped'; reason: string; sentence: components['schemas']['Sentence']; fix: components['schemas']['Sentence']; productKey: string | null; deviceName: string | null; mode: string | null; address: string; transport: string; tlsVersion: string | null; tlsCipher: string | null; mqttVersion: string | null; connackCode: number | null; signedText: string | null; signMethod: string | null; mistakes: (components['schemas']['Mistake'])[]; field: string | null; problem: string | null; firstBytes: string | null; topic: string | null; clientId: string | null; keepAliveSeconds: number | null; broker: string | null; gateway: string | null; count: number }
    Explanation: { decision: 'would-register' | 'would-log-in' | 'would-refuse'; reason: string; sentence: components['schemas']['Sentence']; fix: components['schemas']['Sentence']; mode: string | null; productKey: string | null; deviceName: string | null; connackCode: number; mqtt5ReasonCode: number; retryable: boolean; signedText: string | null; signMethod: string | null; mistakes: (components['schemas']['Mistake'])[]; steps: ({ step: string; ok: boolean; sentence: components['schemas']['Sentence'] })[]; connect: { mqttVersion: '3.1' | '3.1.1' | '5.0'; clientId: string; userName: string | null; hasPassword: boolean; keepAliveSeconds: number; cleanStart: boolean; willTopic: string | null } | null }
    ApiKey: { id: string; name: string; role: 'admin' | 'operator' | 'viewer' | 'application'; products: (string)[] | null; createdAt: string; revokedAt: string | null }
    User: { name: string; role: 'admin' | 'operator' | 'viewer'; disabled: boolean; hasPassword: boolean; createdAt: string; lastSignInAt: string | null }
    Session: { user: { name: string; role: 'admin' | 'operator' | 'viewer'; createdAt: string }; via: 'password' | 'oidc'; expiresAt: string; signIn: { password: boolean; oidc: { name: string; url: string } | null } }
    NotSignedIn: { type: string; title: string; status: number; detail: string; code: string; field?: string; fix: string; setup: boolean; signIn: { password: boolean; oidc: { name: string; url: string } | null } }
    AuditEntry: { id: number; at: string; actor: { kind: 'user' | 'key' | 'server'; id: string; name: string }; action: string; target: string; before: Record<string, never> | null; after: Record<string, never> | null; address: string | null; via: 'console' | 'api' | 'cli'; hash: string }
    Stats: { version: string; startedAt: string; registry: { products: number; devices: number; unactive: number; online: number; offline: number; activated: number; disabled: number; clientIds: number; journalEntries: number }; gateway: { connections: { [name: string]: number }; accepted: number; rejected: { [name: string]: number } }; broker: { connections: number; sessions: number | null; subscriptions: number | null; messagesIn: { [name: string]: number }; messagesOut: { [name: string]: number }; bytesIn: number; bytesOut: number; dropped: { [name: string]: number }; queuedBytes: number; connectionsByVersion: { [name: string]: number }; retained: { messages: number; bytes: number } | null; sharedGroups: number | null; upstream: { [name: string]: { reachable: boolean; connections: number; failures: number } } | null }; journalDropped: { [name: string]: number } }
    Registration: { code: number; data?: { productKey: string; deviceName: string; deviceSecret: string }; message: string }
  }
}

export interface paths {
  '/readyz': {
    get: {
      parameters: {
        query?: never
        path?: never
        header?: never
        cookie?: never
      }
      requestBody?: never
      responses: {
        200: { headers: { [name: string]: unknown }; content: { 'application/json': { ready: boolean; problems: (string)[] } } }
        503: { headers: { [name: string]: unknown }; content: { 'application/json': { ready: boolean; problems: (string)[] } } }
      }
    }
  }
  '/ca.pem': {
    get: {
      parameters: {
        query?: never
        path?: never
        header?: never
        cookie?: never
      }
      requestBody?: never
      responses: {
        200: { headers: { [name: string]: unknown }; content: { 'application/x-pem-file': string } }
      }
    }
  }
  '/api/v1/openapi.json': {
    get: {
      parameters: {
        query?: never
        path?: never
        header?: never
        cookie?: never
      }
      requestBody?: never
      responses: {
        200: { headers: { [name: string]: unknown }; content: { 'application/json': Record<string, never> } }
      }
    }
  }
  '/api/v1/session': {
    get: {
      parameters: {
        query?: never
        path?: never
        header?: never
        cookie?: never
      }
      requestBody?: never
      responses: {
        200: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['Session'] } }
        400: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        401: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['NotSignedIn'] } }
        403: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        500: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        503: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
      }
    }
    post: {
      parameters: {
        query?: never
        path?: never
        header?: never
        cookie?: never
      }
      requestBody: { content: { 'application/json': { name: string; password: string } } }
      responses: {
        200: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['Session'] } }
        400: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        401: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        403: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        413: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        415: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        422: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        429: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        500: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        503: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
      }
    }
    delete: {
      parameters: {
        query?: never
        path?: never
        header?: never
        cookie?: never
      }
      requestBody?: never
      responses: {
        204: { headers: { [name: string]: unknown }; content?: never }
        400: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        403: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        413: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        415: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        422: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        500: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        503: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
      }
    }
  }
  '/api/v1/setup': {
    post: {
      parameters: {
        query?: never
        path?: never
        header?: never
        cookie?: never
      }
      requestBody: { content: { 'application/json': { token: string; name: string; password: string } } }
      responses: {
        200: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['Session'] } }
        400: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        403: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        409: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        413: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        415: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        422: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        500: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        503: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
      }
    }
  }
  '/api/v1/session/oidc': {
    get: {
      parameters: {
        query?: { again?: boolean | undefined }
        path?: never
        header?: never
        cookie?: never
      }
      requestBody?: never
      responses: {
        302: { headers: { [name: string]: unknown }; content?: never }
        400: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        403: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        404: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        500: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
      }
    }
  }
  '/api/v1/session/oidc/callback': {
    get: {
      parameters: {
        query?: never
        path?: never
        header?: never
        cookie?: never
      }
      requestBody?: never
      responses: {
        302: { headers: { [name: string]: unknown }; content?: never }
        400: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        403: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        404: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        500: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
      }
    }
  }
  '/api/v1/products': {
    post: {
      parameters: {
        query?: never
        path?: never
        header?: never
        cookie?: never
      }
      requestBody: { content: { 'application/json': { name: string; productKey?: string; productSecret?: string; dynamicRegistration?: boolean; preregistrationFree?: boolean; registrationByGateways?: boolean; tlsOnly?: boolean; strictKeepAlive?: boolean; clientIdLimit?: number } } }
      responses: {
        201: { headers: { [name: string]: unknown }; content: { 'application/json': { productKey: string; name: string; dynamicRegistration: boolean; preregistrationFree: boolean; registrationByGateways: boolean; tlsOnly: boolean; strictKeepAlive: boolean; clientIdLimit: number; deviceCount: number; onlineCount: number; createdAt: string; updatedAt: string; productSecret: string } } }
        400: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        401: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        403: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        409: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        413: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        415: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        422: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        500: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        503: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
      }
    }
    get: {
      parameters: {
        query?: { limit?: number | undefined; cursor?: string | undefined }
        path?: never
        header?: never
        cookie?: never
      }
      requestBody?: never
      responses: {
        200: { headers: { [name: string]: unknown }; content: { 'application/json': { items: (components['schemas']['Product'])[]; nextCursor: string | null; total: number } } }
        400: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        401: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        403: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        500: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        503: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
      }
    }
  }
  '/api/v1/products/{pk}': {
    get: {
      parameters: {
        query?: never
        path: { pk: string }
        header?: never
        cookie?: never
      }
      requestBody?: never
      responses: {
        200: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['Product'] } }
        400: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        401: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        403: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        404: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        500: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        503: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
      }
    }
    patch: {
      parameters: {
        query?: never
        path: { pk: string }
        header?: never
        cookie?: never
      }
      requestBody: { content: { 'application/json': { name?: string; dynamicRegistration?: boolean; preregistrationFree?: boolean; registrationByGateways?: boolean; tlsOnly?: boolean; strictKeepAlive?: boolean; clientIdLimit?: number } } }
      responses: {
        200: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['Product'] } }
        400: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        401: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        403: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        404: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        413: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        415: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        422: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        500: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        503: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
      }
    }
    delete: {
      parameters: {
        query?: { withDevices?: boolean | undefined }
        path: { pk: string }
        header?: never
        cookie?: never
      }
      requestBody?: never
      responses: {
        204: { headers: { [name: string]: unknown }; content?: never }
        400: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        401: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        403: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        404: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        409: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        413: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        415: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        422: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        500: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        503: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
      }
    }
  }
  '/api/v1/products/{pk}/secret': {
    get: {
      parameters: {
        query?: never
        path: { pk: string }
        header?: never
        cookie?: never
      }
      requestBody?: never
      responses: {
        200: { headers: { [name: string]: unknown }; content: { 'application/json': { productKey: string; productSecret: string } } }
        400: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        401: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        403: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        404: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        500: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        503: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
      }
    }
  }
  '/api/v1/products/{pk}/devices': {
    post: {
      parameters: {
        query?: never
        path: { pk: string }
        header?: never
        cookie?: never
      }
      requestBody: { content: { 'application/json': { deviceName: string; deviceSecret?: string } } }
      responses: {
        201: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['Device'] } }
        400: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        401: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        403: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        404: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        409: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        413: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        415: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        422: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        500: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        503: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
      }
    }
    get: {
      parameters: {
        query?: { search?: string | undefined; status?: 'UNACTIVE' | 'ONLINE' | 'OFFLINE' | 'DISABLE' | undefined; limit?: number | undefined; cursor?: string | undefined }
        path: { pk: string }
        header?: never
        cookie?: never
      }
      requestBody?: never
      responses: {
        200: { headers: { [name: string]: unknown }; content: { 'application/json': { items: (components['schemas']['Device'])[]; nextCursor: string | null; total: number; totalIsLowerBound?: true } } }
        400: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        401: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        403: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        404: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        500: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        503: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
      }
    }
  }
  '/api/v1/products/{pk}/devices/{dn}': {
    get: {
      parameters: {
        query?: never
        path: { pk: string; dn: string }
        header?: never
        cookie?: never
      }
      requestBody?: never
      responses: {
        200: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['Device'] } }
        400: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        401: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        403: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        404: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        500: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        503: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
      }
    }
    delete: {
      parameters: {
        query?: never
        path: { pk: string; dn: string }
        header?: never
        cookie?: never
      }
      requestBody?: never
      responses: {
        204: { headers: { [name: string]: unknown }; content?: never }
        400: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        401: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        403: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        404: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        413: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        415: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        422: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        500: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        503: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
      }
    }
  }
  '/api/v1/products/{pk}/devices/{dn}/reset': {
    post: {
      parameters: {
        query?: never
        path: { pk: string; dn: string }
        header?: never
        cookie?: never
      }
      requestBody?: never
      responses: {
        200: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['Device'] } }
        400: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        401: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        403: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        404: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        413: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        415: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        422: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        500: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        503: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
      }
    }
  }
  '/api/v1/products/{pk}/devices/{dn}/disable': {
    post: {
      parameters: {
        query?: never
        path: { pk: string; dn: string }
        header?: never
        cookie?: never
      }
      requestBody?: never
      responses: {
        200: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['Device'] } }
        400: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        401: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        403: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        404: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        413: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        415: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        422: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        500: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        503: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
      }
    }
  }
  '/api/v1/products/{pk}/devices/{dn}/enable': {
    post: {
      parameters: {
        query?: never
        path: { pk: string; dn: string }
        header?: never
        cookie?: never
      }
      requestBody?: never
      responses: {
        200: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['Device'] } }
        400: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        401: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        403: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        404: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        413: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        415: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        422: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        500: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        503: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
      }
    }
  }
  '/api/v1/devices': {
    get: {
      parameters: {
        query?: { productKey?: string | undefined; search?: string | undefined; status?: 'UNACTIVE' | 'ONLINE' | 'OFFLINE' | 'DISABLE' | undefined; createdSince?: string | undefined; createdBefore?: string | undefined; order?: 'newest' | 'oldest' | undefined; limit?: number | undefined; cursor?: string | undefined }
        path?: never
        header?: never
        cookie?: never
      }
      requestBody?: never
      responses: {
        200: { headers: { [name: string]: unknown }; content: { 'application/json': { items: (components['schemas']['Device'])[]; nextCursor: string | null; total: number | null } } }
        400: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        401: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        403: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        404: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        500: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        503: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
      }
    }
  }
  '/api/v1/products/{pk}/devices/actions': {
    post: {
      parameters: {
        query?: never
        path: { pk: string }
        header?: never
        cookie?: never
      }
      requestBody: { content: { 'application/json': { action: 'reset' | 'disable' | 'enable' | 'delete'; deviceNames: (string)[] } } }
      responses: {
        200: { headers: { [name: string]: unknown }; content: { 'application/json': { done: number; failed: number; rows: ({ deviceName: string; outcome: 'done' | 'failed'; reason?: string; problem?: string })[] } } }
        400: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        401: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        403: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        404: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        413: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        415: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        422: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        500: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        503: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
      }
    }
  }
  '/api/v1/devices/count': {
    get: {
      parameters: {
        query?: { productKey?: string | undefined; search?: string | undefined; status?: 'UNACTIVE' | 'ONLINE' | 'OFFLINE' | 'DISABLE' | undefined; createdSince?: string | undefined; createdBefore?: string | undefined; cursor?: string | undefined }
        path?: never
        header?: never
        cookie?: never
      }
      requestBody?: never
      responses: {
        200: { headers: { [name: string]: unknown }; content: { 'application/json': { count: number; nextCursor: string | null } } }
        400: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        401: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        403: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        404: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        500: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        503: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
      }
    }
  }
  '/api/v1/devices/actions': {
    post: {
      parameters: {
        query?: never
        path?: never
        header?: never
        cookie?: never
      }
      requestBody: { content: { 'application/json': { action: 'reset' | 'disable' | 'enable' | 'delete'; productKey?: string; search?: string; status?: 'UNACTIVE' | 'ONLINE' | 'OFFLINE' | 'DISABLE'; createdSince?: string; createdBefore?: string; limit?: number; cursor?: string } } }
      responses: {
        200: { headers: { [name: string]: unknown }; content: { 'application/json': { done: number; failures: ({ productKey: string; deviceName: string; reason?: string; problem?: string })[]; nextCursor: string | null } } }
        400: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        401: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        403: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        404: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        413: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        415: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        422: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        500: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        503: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
      }
    }
  }
  '/api/v1/products/{pk}/devices.csv': {
    get: {
      parameters: {
        query?: { search?: string | undefined; status?: 'UNACTIVE' | 'ONLINE' | 'OFFLINE' | 'DISABLE' | undefined; secrets?: boolean | undefined }
        path: { pk: string }
        header?: never
        cookie?: never
      }
      requestBody?: never
      responses: {
        200: { headers: { [name: string]: unknown }; content: { 'text/csv': string } }
        400: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        401: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        403: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        404: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        500: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        503: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
      }
    }
  }
  '/api/v1/products/{pk}/devices/{dn}/client-ids': {
    delete: {
      parameters: {
        query?: never
        path: { pk: string; dn: string }
        header?: never
        cookie?: never
      }
      requestBody?: never
      responses: {
        204: { headers: { [name: string]: unknown }; content?: never }
        400: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        401: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        403: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        404: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        413: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        415: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        422: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        500: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        503: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
      }
    }
  }
  '/api/v1/products/{pk}/devices/{dn}/client-ids/{clientId}': {
    delete: {
      parameters: {
        query?: never
        path: { pk: string; dn: string; clientId: string }
        header?: never
        cookie?: never
      }
      requestBody?: never
      responses: {
        204: { headers: { [name: string]: unknown }; content?: never }
        400: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        401: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        403: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        404: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        413: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        415: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        422: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        500: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        503: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
      }
    }
  }
  '/api/v1/products/{pk}/devices/{dn}/client-ids/{clientId}/keep': {
    post: {
      parameters: {
        query?: never
        path: { pk: string; dn: string; clientId: string }
        header?: never
        cookie?: never
      }
      requestBody?: never
      responses: {
        200: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['Device'] } }
        400: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        401: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        403: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        404: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        413: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        415: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        422: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        500: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        503: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
      }
    }
  }
  '/api/v1/products/{pk}/devices/{dn}/connections': {
    get: {
      parameters: {
        query?: never
        path: { pk: string; dn: string }
        header?: never
        cookie?: never
      }
      requestBody?: never
      responses: {
        200: { headers: { [name: string]: unknown }; content: { 'application/json': { items: ({ since: string; until: string | null; end: string | null; transport: string | null; address: string | null; clientId: string | null })[] } } }
        400: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        401: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        403: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        404: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        500: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        503: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
      }
    }
  }
  '/api/v1/products/{pk}/devices/{dn}/messages': {
    post: {
      parameters: {
        query?: never
        path: { pk: string; dn: string }
        header?: never
        cookie?: never
      }
      requestBody: { content: { 'application/json': { topic: string; payload: string; encoding?: 'utf8' | 'base64'; qos?: number } } }
      responses: {
        200: { headers: { [name: string]: unknown }; content: { 'application/json': { subscribers: number | null } } }
        400: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        401: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        403: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        404: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        413: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        415: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        422: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        500: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        503: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
      }
    }
    get: {
      parameters: {
        query?: never
        path: { pk: string; dn: string }
        header?: never
        cookie?: never
      }
      requestBody?: never
      responses: {
        200: { headers: { [name: string]: unknown }; content: { 'text/event-stream': string } }
        400: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        401: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        403: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        404: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        500: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        503: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
      }
    }
  }
  '/api/v1/journal': {
    get: {
      parameters: {
        query?: { productKey?: string | undefined; deviceName?: string | undefined; outcome?: 'registered' | 'admitted' | 'refused' | 'closed' | 'dropped' | undefined; reason?: string | undefined; since?: string | undefined; limit?: number | undefined; cursor?: string | undefined }
        path?: never
        header?: never
        cookie?: never
      }
      requestBody?: never
      responses: {
        200: { headers: { [name: string]: unknown }; content: { 'application/json': { items: (components['schemas']['JournalEntry'])[]; nextCursor: string | null } } }
        400: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        401: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        403: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        404: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        500: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        503: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
      }
    }
  }
  '/api/v1/explain': {
    post: {
      parameters: {
        query?: never
        path?: never
        header?: never
        cookie?: never
      }
      requestBody: { content: { 'application/json': { clientId?: string; userName?: string; password?: string; connectHex?: string; transport?: 'tls' | 'tcp' | 'ws' | 'wss'; keepAliveSeconds?: number } } }
      responses: {
        200: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['Explanation'] } }
        400: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        401: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        403: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        404: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        413: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        415: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        422: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        500: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        503: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
      }
    }
  }
  '/api/v1/keys': {
    post: {
      parameters: {
        query?: never
        path?: never
        header?: never
        cookie?: never
      }
      requestBody: { content: { 'application/json': { name: string; role: 'admin' | 'operator' | 'viewer' | 'application'; products?: (string)[] } } }
      responses: {
        201: { headers: { [name: string]: unknown }; content: { 'application/json': { id: string; name: string; role: 'admin' | 'operator' | 'viewer' | 'application'; products: (string)[] | null; createdAt: string; revokedAt: string | null; secret: string } } }
        400: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        401: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        403: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        413: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        415: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        422: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        429: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        500: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        503: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
      }
    }
    get: {
      parameters: {
        query?: never
        path?: never
        header?: never
        cookie?: never
      }
      requestBody?: never
      responses: {
        200: { headers: { [name: string]: unknown }; content: { 'application/json': { items: (components['schemas']['ApiKey'])[] } } }
        400: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        401: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        403: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        500: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        503: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
      }
    }
  }
  '/api/v1/keys/{id}': {
    delete: {
      parameters: {
        query?: never
        path: { id: string }
        header?: never
        cookie?: never
      }
      requestBody?: never
      responses: {
        204: { headers: { [name: string]: unknown }; content?: never }
        400: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        401: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        403: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        404: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        413: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        415: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        422: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        500: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        503: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
      }
    }
  }
  '/api/v1/users': {
    get: {
      parameters: {
        query?: never
        path?: never
        header?: never
        cookie?: never
      }
      requestBody?: never
      responses: {
        200: { headers: { [name: string]: unknown }; content: { 'application/json': { items: (components['schemas']['User'])[] } } }
        400: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        401: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        403: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        500: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        503: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
      }
    }
    post: {
      parameters: {
        query?: never
        path?: never
        header?: never
        cookie?: never
      }
      requestBody: { content: { 'application/json': { name: string; role: 'admin' | 'operator' | 'viewer'; password?: string } } }
      responses: {
        201: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['User'] } }
        400: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        401: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        403: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        409: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        413: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        415: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        422: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        429: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        500: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        503: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
      }
    }
  }
  '/api/v1/users/{name}': {
    patch: {
      parameters: {
        query?: never
        path: { name: string }
        header?: never
        cookie?: never
      }
      requestBody: { content: { 'application/json': { role?: 'admin' | 'operator' | 'viewer'; password?: string; disabled?: boolean } } }
      responses: {
        200: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['User'] } }
        400: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        401: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        403: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        404: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        409: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        413: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        415: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        422: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        500: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        503: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
      }
    }
    delete: {
      parameters: {
        query?: never
        path: { name: string }
        header?: never
        cookie?: never
      }
      requestBody?: never
      responses: {
        204: { headers: { [name: string]: unknown }; content?: never }
        400: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        401: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        403: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        404: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        409: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        413: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        415: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        422: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        500: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        503: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
      }
    }
  }
  '/api/v1/users/me/password': {
    post: {
      parameters: {
        query?: never
        path?: never
        header?: never
        cookie?: never
      }
      requestBody: { content: { 'application/json': { current: string; next: string } } }
      responses: {
        204: { headers: { [name: string]: unknown }; content?: never }
        400: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        401: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        403: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        413: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        415: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        422: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        429: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        500: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        503: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
      }
    }
  }
  '/api/v1/users/setup-link': {
    post: {
      parameters: {
        query?: never
        path?: never
        header?: never
        cookie?: never
      }
      requestBody?: never
      responses: {
        201: { headers: { [name: string]: unknown }; content: { 'application/json': { url: string; expiresAt: string } } }
        400: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        401: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        403: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        409: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        413: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        415: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        422: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        500: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        503: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
      }
    }
  }
  '/api/v1/audit': {
    get: {
      parameters: {
        query?: { actor?: string | undefined; action?: string | undefined; target?: string | undefined; since?: string | undefined; limit?: number | undefined; cursor?: string | undefined }
        path?: never
        header?: never
        cookie?: never
      }
      requestBody?: never
      responses: {
        200: { headers: { [name: string]: unknown }; content: { 'application/json': { items: (components['schemas']['AuditEntry'])[]; nextCursor: string | null } } }
        400: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        401: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        403: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        500: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        503: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
      }
    }
  }
  '/api/v1/audit/verify': {
    get: {
      parameters: {
        query?: never
        path?: never
        header?: never
        cookie?: never
      }
      requestBody?: never
      responses: {
        200: { headers: { [name: string]: unknown }; content: { 'application/json': { ok: boolean; entries: number; lastHash: string; firstBadId: number | null; problem: string | null } } }
        400: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        401: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        403: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        500: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        503: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
      }
    }
  }
  '/api/v1/sessions': {
    get: {
      parameters: {
        query?: { user?: string | undefined }
        path?: never
        header?: never
        cookie?: never
      }
      requestBody?: never
      responses: {
        200: { headers: { [name: string]: unknown }; content: { 'application/json': { items: ({ id: string; user: string; via: 'password' | 'oidc'; createdAt: string; lastSeenAt: string; expiresAt: string; address: string; userAgent: string; current: boolean })[] } } }
        400: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        401: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        403: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        404: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        500: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        503: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
      }
    }
    delete: {
      parameters: {
        query?: { user?: string | undefined }
        path?: never
        header?: never
        cookie?: never
      }
      requestBody?: never
      responses: {
        204: { headers: { [name: string]: unknown }; content?: never }
        400: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        401: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        403: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        404: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        413: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        415: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        422: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        500: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        503: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
      }
    }
  }
  '/api/v1/sessions/{id}': {
    delete: {
      parameters: {
        query?: { user?: string | undefined }
        path: { id: string }
        header?: never
        cookie?: never
      }
      requestBody?: never
      responses: {
        204: { headers: { [name: string]: unknown }; content?: never }
        400: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        401: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        403: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        404: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        413: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        415: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        422: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        500: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        503: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
      }
    }
  }
  '/api/v1/stats': {
    get: {
      parameters: {
        query?: never
        path?: never
        header?: never
        cookie?: never
      }
      requestBody?: never
      responses: {
        200: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['Stats'] } }
        400: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        401: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        403: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        500: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        503: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
      }
    }
  }
  '/api/v1/stats/history': {
    get: {
      parameters: {
        query?: { minutes?: number | undefined }
        path?: never
        header?: never
        cookie?: never
      }
      requestBody?: never
      responses: {
        200: { headers: { [name: string]: unknown }; content: { 'application/json': { stepSeconds: number; start: string; registrations: (number)[]; logins: (number)[]; refusals: (number)[]; refusalsByReason: { [name: string]: number } } } }
        400: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        401: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        403: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        500: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        503: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
      }
    }
  }
  '/api/v1/system': {
    get: {
      parameters: {
        query?: never
        path?: never
        header?: never
        cookie?: never
      }
      requestBody?: never
      responses: {
        200: { headers: { [name: string]: unknown }; content: { 'application/json': { version: string; startedAt: string; instanceId: string | null; publicHosts: (string)[]; endpoints: ({ kind: 'mqtt' | 'http'; url: string })[]; certificates: ({ kind: 'ca' | 'rsa' | 'ec'; subject: string; names: (string)[]; notBefore: string; notAfter: string; daysLeft: number; sha256: string })[]; storage: { kind: 'sqlite' | 'postgres'; detail: string; ok: boolean; sizeBytes: number | null; problem: string | null }; broker: { kind: 'embedded' | 'relay'; upstream: ({ host: string; ok: boolean })[] }; gateways: ({ id: string; self: boolean; ok: boolean; leasedUntil: string })[]; workers: ({ number: number; connections: number; lagMs: number; residentBytes: number })[]; limits: ({ name: string; used: number; limit: number; setting: string | null })[] } } }
        400: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        401: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        403: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        500: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        503: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
      }
    }
  }
  '/api/v1/events': {
    get: {
      parameters: {
        query?: never
        path?: never
        header?: { 'last-event-id'?: string | undefined }
        cookie?: never
      }
      requestBody?: never
      responses: {
        200: { headers: { [name: string]: unknown }; content: { 'text/event-stream': string } }
        400: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        401: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        403: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        500: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        503: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
      }
    }
  }
  '/api/v1/products/{pk}/devices/{dn}/rrpc': {
    post: {
      parameters: {
        query?: never
        path: { pk: string; dn: string }
        header?: never
        cookie?: never
      }
      requestBody: { content: { 'application/json': { payload: string; encoding?: 'utf8' | 'base64'; topic?: string; timeoutMs?: number } } }
      responses: {
        200: { headers: { [name: string]: unknown }; content: { 'application/json': { payload: string; encoding: 'utf8' | 'base64'; elapsedMs: number } } }
        400: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        401: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        403: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        404: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        409: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        413: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        415: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        422: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        500: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        503: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        504: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
      }
    }
  }
  '/api/v1/products/{pk}/imports': {
    post: {
      parameters: {
        query?: never
        path: { pk: string }
        header?: never
        cookie?: never
      }
      requestBody: { content: { 'text/csv': string } }
      responses: {
        200: { headers: { [name: string]: unknown }; content: { 'application/json': { created: number; failed: number; rows: ({ line: number; deviceName: string; outcome: 'created' | 'failed'; reason?: string; problem?: string })[] }; 'application/x-ndjson': string } }
        400: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        401: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        403: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        404: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        413: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        415: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        422: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        500: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
        503: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } }
      }
    }
  }
}
