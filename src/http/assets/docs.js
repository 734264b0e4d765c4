// The bundle before this script brought SwaggerUIBundle. Nothing is asked of any other server.
window.SwaggerUIBundle({
  url: '/docs/json',
  dom_id: '#explorer',
  deepLinking: true,
  validatorUrl: null,
  docExpansion: 'list',
  persistAuthorization: false,
  requestSnippetsEnabled: true,
})
