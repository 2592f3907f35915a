#include "os/library.h"

#include "base/log.h"

#include <dlfcn.h>

bool cd_library_load(const char *soname, const char *const *names, void **functions, size_t n)
{
	void *library = dlopen(soname, RTLD_NOW | RTLD_LOCAL);
	if (!library) {
		cd_log(CD_LOG_ERROR, "os", 0, "goes on without a library", dlerror(), "library=%s", soname);
		return false;
	}
	for (size_t i = 0; i < n; i++) {
		functions[i] = dlsym(library, names[i]);
		if (!functions[i]) {
			cd_log(CD_LOG_ERROR, "os", 0, "goes on without a library", dlerror(), "library=%s",
				soname);
			return false;
		}
	}
	return true;
}
