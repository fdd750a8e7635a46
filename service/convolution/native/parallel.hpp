// Work shared among threads: each takes the next item until none is left.
#pragma once

#include <algorithm>
#include <atomic>
#include <system_error>
#include <thread>
#include <vector>

#include "simd.hpp"

namespace native {

// Calls work(item, workspace) for every item, in order on each thread. There are as many threads
// as workspaces, the caller's among them, or fewer where the system gives no more.
template <class Workspace, class Work>
void for_each(Index items, std::vector<Workspace>& workspaces, const Work& work) {
    std::atomic<Index> next{0};
    const auto take = [&](Workspace& workspace) {
        for (Index item = next++; item < items; item = next++) work(item, workspace);
    };
    std::vector<std::thread> threads;
    threads.reserve(workspaces.size());
    try {
        for (std::size_t i = 1; i < workspaces.size(); ++i) {
            threads.emplace_back(take, std::ref(workspaces[i]));
        }
    } catch (const std::system_error&) {
        // No more threads to be had: those that run share the work.
    }
    take(workspaces[0]);
    for (std::thread& thread : threads) thread.join();
}

}  // namespace native
