/* Every stored byte of a data directory, read and checked; nothing is changed. */
#include "store/store.h"

#include <stdio.h>

cd_code cd_store_verify(struct cd_cx *cx, struct cd_fs *fs, const char *folder, struct cd_buf *out)
{
	struct cd_settings set = *cx->set;
	struct cd_store *store = NULL;
	set.data = folder;
	const struct cd_store_config conf = {.set = &set, .fs = fs, .read_only = true};
	cd_code code = cd_store_open(cx, &conf, &store);
	if (code) {
		cd_buf_printf(out, "%s: damaged or not readable: %s\n", folder,
			cx->err.detail ? cx->err.detail : "");
		return code;
	}
	struct cd_reader *reader = cd_reader_new(store);
	const struct cd_root *root = reader ? cd_pin(reader) : NULL;
	uint64_t entities = 0;
	for (uint32_t i = 0; root && i < root->tenants_n; i++)
		entities += cd_tenant_count(root->tenants[i]);
	if (root)
		cd_buf_printf(out, "%s: sound. Revision %llu, %u tenants, %u names, %llu entities\n", folder,
			(unsigned long long)root->version, root->tenants_n,
			cd_names_count(cd_store_names(store)), (unsigned long long)entities);
	if (root)
		cd_unpin(reader, root);
	cd_reader_free(reader);
	cd_store_close(store);
	return root ? CD_OK : cd_fail_memory(cx);
}
