/*
 * TLS between the socket and the parser, over memory BIOs: what arrives is fed to OpenSSL, what it has
 * decrypted goes into the connection's buffer; answers go the other way. [OpenSSL 3; TLS 1.2 and 1.3]
 */
#include "http/connection_int.h"

#include "base/mem.h"

#include <openssl/err.h>

static const unsigned char alpn[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};

static int select_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_n, const unsigned char *in,
	unsigned in_n, void *arg)
{
	(void)ssl, (void)arg;
	return SSL_select_next_proto((unsigned char **)(uintptr_t)out, out_n, alpn, sizeof alpn, in, in_n) ==
			       OPENSSL_NPN_NEGOTIATED
		       ? SSL_TLSEXT_ERR_OK
		       : SSL_TLSEXT_ERR_NOACK;
}

static const char *ssl_words(void)
{
	const char *words = ERR_reason_error_string(ERR_peek_last_error());
	return words ? words : "unknown error";
}

struct cd_http_tls *cd_http_tls_new(struct cd_cx *cx, const char *cert_path, const char *key_path)
{
	struct cd_http_tls *tls = cd_mem_zalloc(sizeof *tls);
	SSL_CTX *ctx = tls ? SSL_CTX_new(TLS_server_method()) : NULL;
	if (!ctx) {
		cd_mem_free(tls);
		(void)cd_fail_memory(cx);
		return NULL;
	}
	(void)SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
	(void)SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
	(void)SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
	SSL_CTX_set_alpn_select_cb(ctx, select_alpn, NULL);
	tls->ctx = ctx;
	if (SSL_CTX_use_certificate_chain_file(ctx, cert_path) != 1)
		(void)cd_fail(cx, CD_E_BAD_REQUEST_DATA, "tls_cert", "%s: %s", cert_path, ssl_words());
	else if (SSL_CTX_use_PrivateKey_file(ctx, key_path, SSL_FILETYPE_PEM) != 1 ||
		 SSL_CTX_check_private_key(ctx) != 1)
		(void)cd_fail(cx, CD_E_BAD_REQUEST_DATA, "tls_key", "%s: %s", key_path, ssl_words());
	else
		return tls;
	cd_http_tls_free(tls);
	return NULL;
}

void cd_http_tls_free(struct cd_http_tls *tls)
{
	if (!tls)
		return;
	SSL_CTX_free(tls->ctx);
	cd_mem_free(tls);
}

bool cd_tls_start(struct cd_http_conn *c)
{
	c->ssl = SSL_new(c->server->tls->ctx);
	BIO *in = BIO_new(BIO_s_mem()), *out = BIO_new(BIO_s_mem());
	if (!c->ssl || !in || !out) {
		BIO_free(in);
		BIO_free(out);
		SSL_free(c->ssl);
		c->ssl = NULL;
		return false;
	}
	SSL_set_bio(c->ssl, in, out);
	SSL_set_accept_state(c->ssl);
	return true;
}

void cd_tls_end(struct cd_http_conn *c)
{
	SSL_free(c->ssl);
	c->ssl = NULL;
}

bool cd_tls_pending(struct cd_http_conn *c, struct cd_buf *out)
{
	char *p;
	long n = BIO_get_mem_data(SSL_get_wbio(c->ssl), &p);
	if (n > 0)
		cd_buf_put(out, cd_str_of(p, (size_t)n));
	(void)BIO_reset(SSL_get_wbio(c->ssl));
	return !out->bad;
}

static bool send_pending(struct cd_http_conn *c)
{
	return BIO_ctrl_pending(SSL_get_wbio(c->ssl)) == 0 || cd_conn_send(c, NULL, 0);
}

void cd_tls_bye(struct cd_http_conn *c)
{
	ERR_clear_error();
	(void)SSL_shutdown(c->ssl);
	(void)send_pending(c); /* best effort: the connection ends anyway */
}

int cd_tls_read(struct cd_http_conn *c)
{
	if (c->cipher && c->cipher->n) {
		if (BIO_write(SSL_get_rbio(c->ssl), c->cipher->p, (int)c->cipher->n) != (int)c->cipher->n)
			return -1;
		cd_server_buffer_back(c->server, c->cipher);
		c->cipher = NULL;
	}
	if (!c->in) {
		c->in = cd_server_buffer(c->server);
		c->parsed = 0;
	}
	if (!c->in)
		return -1;
	size_t room = c->in->cap - c->in->n;
	if (room == 0)
		return 0; /* what is pipelined waits inside of OpenSSL */
	ERR_clear_error();
	int n = SSL_read(c->ssl, c->in->p + c->in->n, (int)room);
	int why = n > 0 ? SSL_ERROR_NONE : SSL_get_error(c->ssl, n);
	if (!send_pending(c))
		return -1;
	if (n > 0) {
		c->in->n += (size_t)n;
		return 1;
	}
	if (c->in->n == 0 && c->state == CONN_IDLE) {
		cd_server_buffer_back(c->server, c->in);
		c->in = NULL;
	}
	return why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE ? 0 : -1;
}

bool cd_tls_write(struct cd_http_conn *c, const uv_buf_t *bufs, unsigned n, struct cd_buf *out)
{
	for (unsigned i = 0; i < n; i++)
		if (bufs[i].len && SSL_write(c->ssl, bufs[i].base, (int)bufs[i].len) != (int)bufs[i].len)
			return false;
	return cd_tls_pending(c, out);
}
