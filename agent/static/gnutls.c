/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Only for the program without shared libraries. Debian's libmicrohttpd can do TLS, by GnuTLS, which nobody has as
 * a static library with all that it needs. The agent serves plain HTTP (on loopback): none of these is ever
 * called, but for gnutls_global_init and gnutls_global_deinit, which say that all is well; a session cannot be had.
 */
#include <stddef.h>
#include <stdlib.h>

#define UNAVAILABLE (-1)

/* What each takes does not matter to what it does. */
#define STUB(name, result) \
	int gnutls_##name(void); \
	__attribute__((weak)) int gnutls_##name(void) \
	{ \
		return result; \
	}

STUB(global_init, 0)
STUB(global_deinit, 0)
STUB(alpn_set_protocols, UNAVAILABLE)
STUB(bye, UNAVAILABLE)
STUB(certificate_allocate_credentials, UNAVAILABLE)
STUB(certificate_free_credentials, UNAVAILABLE)
STUB(certificate_server_set_request, UNAVAILABLE)
STUB(certificate_set_dh_params, UNAVAILABLE)
STUB(certificate_set_known_dh_params, UNAVAILABLE)
STUB(certificate_set_retrieve_function2, UNAVAILABLE)
STUB(certificate_set_retrieve_function3, UNAVAILABLE)
STUB(certificate_set_x509_key_mem, UNAVAILABLE)
STUB(certificate_set_x509_key_mem2, UNAVAILABLE)
STUB(certificate_set_x509_trust_mem, UNAVAILABLE)
STUB(cipher_get, UNAVAILABLE)
STUB(credentials_set, UNAVAILABLE)
STUB(deinit, UNAVAILABLE)
STUB(dh_params_deinit, UNAVAILABLE)
STUB(dh_params_import_pkcs3, UNAVAILABLE)
STUB(dh_params_init, UNAVAILABLE)
STUB(handshake, UNAVAILABLE)
STUB(init, UNAVAILABLE)
STUB(priority_deinit, UNAVAILABLE)
STUB(priority_init, UNAVAILABLE)
STUB(priority_init2, UNAVAILABLE)
STUB(priority_set, UNAVAILABLE)
STUB(protocol_get_version, UNAVAILABLE)
STUB(psk_allocate_server_credentials, UNAVAILABLE)
STUB(psk_free_server_credentials, UNAVAILABLE)
STUB(psk_set_server_credentials_function, UNAVAILABLE)
STUB(record_check_pending, UNAVAILABLE)
STUB(record_get_direction, UNAVAILABLE)
STUB(record_recv, UNAVAILABLE)
STUB(record_send, UNAVAILABLE)
STUB(session_set_ptr, UNAVAILABLE)
STUB(transport_set_int2, UNAVAILABLE)
STUB(transport_set_ptr, UNAVAILABLE)

const char *gnutls_strerror(int error);
__attribute__((weak)) const char *gnutls_strerror(int error)
{
	(void)error;
	return "no TLS in this program";
}

void *gnutls_session_get_ptr(void *session);
__attribute__((weak)) void *gnutls_session_get_ptr(void *session)
{
	(void)session;
	return NULL;
}

extern void *(*gnutls_malloc)(size_t size);
__attribute__((weak)) void *(*gnutls_malloc)(size_t size) = malloc;
extern void (*gnutls_free)(void *memory);
__attribute__((weak)) void (*gnutls_free)(void *memory) = free;
