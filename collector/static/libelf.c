/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Only for the program without shared libraries. Debian 13's libelf.a (elfutils 0.192) calls two
 * functions that no package has. They make and empty the tree of elf_getdata_rawchunk, which
 * libbpf does not use: the tree stays empty, and there is nothing to do. Who did use it would miss
 * eu_tsearch too, and not link.
 */

void eu_search_tree_init(void *tree);
void eu_search_tree_fini(void *tree, void (*free_node)(void *));

__attribute__((weak)) void eu_search_tree_init(void *tree)
{
	(void)tree;
}

__attribute__((weak)) void eu_search_tree_fini(void *tree, void (*free_node)(void *))
{
	(void)tree;
	(void)free_node;
}
