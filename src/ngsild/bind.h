/* ngsild/bind.h -- the route functions of NGSI-LD: they only translate. `app` is the loop's runner. */
#ifndef CD_NGSILD_BIND_H
#define CD_NGSILD_BIND_H

#include "http/router.h"

#define CD_BIND(name)                                                                                        \
	void cd_bind_##name(void *app, struct cd_http_req *, const struct cd_route *, const struct cd_args *)
CD_BIND(create);
CD_BIND(list);
CD_BIND(retrieve);
CD_BIND(replace);
CD_BIND(merge);
CD_BIND(delete);
CD_BIND(append);
CD_BIND(update);
CD_BIND(partial);
CD_BIND(replace_attr);
CD_BIND(delete_attr);
CD_BIND(batch_create);
CD_BIND(batch_upsert);
CD_BIND(batch_update);
CD_BIND(batch_merge);
CD_BIND(batch_delete);
CD_BIND(query);
CD_BIND(explain);
CD_BIND(purge);
CD_BIND(identity);
CD_BIND(types);
CD_BIND(type);
CD_BIND(attributes);
CD_BIND(attribute);
CD_BIND(context_add);
CD_BIND(context_list);
CD_BIND(context_serve);
CD_BIND(context_delete);
#undef CD_BIND

#endif
