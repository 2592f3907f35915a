/* `cardo backup` and `cardo verify`. */
#include "cli/command.h"

#include "http/client.h"
#include "store/store.h"
#include "json/json.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static cd_code take_folder(void *arg, struct cd_cx *cx, const char *flag, cd_str value)
{
	cd_str *folder = arg;
	(void)flag;
	if (folder->n)
		return cd_fail(cx, CD_E_BAD_REQUEST_DATA, NULL, "One folder only");
	*folder = cd_arena_copy(cx->arena, value);
	return folder->p ? CD_OK : cd_fail_memory(cx);
}

static cd_code take_nothing(void *arg, struct cd_cx *cx, const char *flag, cd_str value)
{
	(void)arg, (void)flag;
	return cd_fail(cx, CD_E_BAD_REQUEST_DATA, NULL, "\"" CD_STR_FMT "\" is not expected here",
		CD_STR_ARG(value));
}

/* ---- through a running server ---- */

struct reply {
	bool done, ok;
	struct cd_cx *cx;
	cd_str body;
};

static void replied(void *arg, const struct cd_client_answer *a)
{
	struct reply *r = arg;
	r->done = true;
	r->ok = !a->code && a->status == 200;
	r->body = cd_arena_copy(r->cx->arena, a->body);
	if (a->code)
		(void)cd_fail(r->cx, a->code, "control.sock", "%s", a->detail);
	else if (!r->ok)
		(void)cd_fail(r->cx, CD_E_INTERNAL, NULL, "The server answered %d: " CD_STR_FMT, a->status,
			CD_STR_ARG(r->body));
}

static cd_code backup_running(struct cd_cx *cx, const char *socket_path, const char *folder)
{
	uv_loop_t loop;
	struct cd_buf body;
	struct reply reply = {.cx = cx};
	if (uv_loop_init(&loop) != 0)
		return cd_fail_memory(cx);
	struct cd_client *client = cd_client_new(&loop, cx->set, true);
	cd_buf_init(&body, 1 << 16);
	CD_BUF_LIT(&body, "{\"folder\":");
	cd_json_write_string(&body, cd_str_z(folder));
	cd_buf_char(&body, '}');
	const struct cd_http_field fields[] = {
		{CD_STR_INIT("Content-Type"), CD_STR_INIT("application/json")}};
	const struct cd_client_req req = {
		.method = CD_POST,
		.url = CD_STR("http://localhost/control/backup"),
		.unix_socket = socket_path,
		.fields = fields,
		.fields_n = 1,
		.body = cd_buf_str(&body),
		.answer_max = 1 << 20,
		.timeout_us = 86400000000,
		.done = replied,
		.arg = &reply,
	};
	if (!client || !cd_client_send(client, &req))
		(void)cd_fail_memory(cx);
	while (!cx->err.code && !reply.done)
		uv_run(&loop, UV_RUN_ONCE);
	cd_client_free(client);
	cd_buf_done(&body);
	uv_run(&loop, UV_RUN_DEFAULT);
	(void)uv_loop_close(&loop);
	return cx->err.code;
}

/* ---- of a directory nobody serves ---- */

static cd_code backup_offline(struct cd_cx *cx, const char *folder)
{
	struct cd_fs *fs = cd_fs_new();
	struct cd_store *store = NULL;
	uint64_t version;
	/* a directory that is not there is not made */
	const struct cd_store_config conf = {.set = cx->set, .fs = fs, .read_only = true};
	cd_code code = fs ? cd_store_open(cx, &conf, &store) : cd_fail_memory(cx);
	if (!code)
		code = cd_store_backup(cx, store, folder, &version);
	cd_store_close(store);
	cd_fs_free(fs);
	return code;
}

/* The server has its own working directory: it wants an absolute path. */
static cd_code absolute(struct cd_cx *cx, cd_str folder, const char **ret)
{
	char here[PATH_MAX];
	if (folder.p[0] == '/') {
		*ret = folder.p;
		return CD_OK;
	}
	if (!getcwd(here, sizeof here))
		return cd_fail(cx, CD_E_IO, NULL, "%s", strerror(errno));
	*ret = cd_arena_printf(cx->arena, "%s/%s", here, folder.p).p;
	return *ret ? CD_OK : cd_fail_memory(cx);
}

int cd_cmd_backup(struct cd_cx *cx, int argc, char **argv)
{
	struct cd_settings set;
	cd_str folder = {NULL, 0};
	const char *path;
	cx->set = &set;
	if (cd_cli_settings(cx, &set, NULL, argc, argv, take_folder, &folder))
		return cd_cli_fail(cx);
	if (folder.n == 0) {
		(void)cd_fail(cx, CD_E_BAD_REQUEST_DATA, NULL, "Into which folder?");
		return cd_cli_fail(cx);
	}
	if (absolute(cx, folder, &path))
		return cd_cli_fail(cx);
	cd_str socket_path = cd_arena_printf(cx->arena, "%s/control.sock", set.data);
	bool running = socket_path.p && access(socket_path.p, F_OK) == 0;
	cd_code code = running ? backup_running(cx, socket_path.p, path) : CD_E_BAD_GATEWAY;
	/* a socket left behind by a killed server: nobody answers there */
	if (code == CD_E_BAD_GATEWAY) {
		cd_cx_clear(cx);
		code = backup_offline(cx, path);
	}
	if (code)
		return cd_cli_fail(cx);
	printf("%s holds the twin\n", path);
	return 0;
}

int cd_cmd_verify(struct cd_cx *cx, int argc, char **argv)
{
	struct cd_settings set;
	struct cd_buf out;
	cx->set = &set;
	if (cd_cli_settings(cx, &set, NULL, argc, argv, take_nothing, NULL))
		return cd_cli_fail(cx);
	struct cd_fs *fs = cd_fs_new();
	cd_buf_init(&out, 1 << 24);
	cd_code code = fs ? cd_store_verify(cx, fs, set.data, &out) : cd_fail_memory(cx);
	fwrite(out.p, 1, out.n, stdout);
	cd_buf_done(&out);
	cd_fs_free(fs);
	return code ? cd_cli_fail(cx) : 0;
}
